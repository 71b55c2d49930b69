"""Which level of a column each row has, as a number: what sums by participant or title are made with."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

Index = NDArray[np.intp]


@dataclass(frozen=True)
class Levels:
    """A column's different values in their order, and each row's place among them."""

    values: tuple[str, ...]
    index: Index

    def __len__(self) -> int:
        return len(self.values)


def number_levels(series: pl.Series) -> Levels:
    """The levels of a column without empty cells."""
    if series.dtype != pl.String:
        values, index = np.unique(series.to_numpy(), return_inverse=True)
        return Levels(tuple(map(str, values)), index.reshape(-1).astype(np.intp))
    ordered = series.unique().sort()
    index = series.cast(pl.Enum(ordered)).to_physical().to_numpy().astype(np.intp)
    return Levels(tuple(ordered.to_list()), index)
