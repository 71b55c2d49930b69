"""Tables for a paper in LaTeX: booktabs, a caption, a label, and a note of what stands in them.

Numbers have four digits that count; the CSV beside has them in full. What is in a bundle is escaped, so that it can
neither break the table nor run in it. Letters outside of Latin want XeLaTeX or LuaLaTeX and a font that has them.
"""

from collections.abc import Sequence
from typing import Any

MOST_ROWS = 40  # of a table that floats; a longer one breaks over pages
SIGNS = {
    "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "<": "\\textless{}",
    ">": "\\textgreater{}", "|": "\\textbar{}", "[": "{[}", "*": "{*}",  # the last two after \\\\ would be its options
    "\N{MINUS SIGN}": "$-$", "×": "$\\times$", "±": "$\\pm$", "·": "$\\cdot$", "′": "$'$", "√": "$\\surd$",
    "≥": "$\\geq$", "≤": "$\\leq$", "½": "$\\frac{1}{2}$", "²": "$^2$", "⁻": "$^-$", "¹": "$^1$", "₀": "$_0$",
    "₁": "$_1$", "₂": "$_2$", "₊": "$_+$", "₋": "$_-$", "\N{NO-BREAK SPACE}": "~", "α": "$\\alpha$", "δ": "$\\delta$",
    "ε": "$\\varepsilon$", "η": "$\\eta$", "κ": "$\\kappa$", "μ": "$\\mu$", "ρ": "$\\rho$", "σ": "$\\sigma$",
    "τ": "$\\tau$", "χ": "$\\chi$", "Σ": "$\\Sigma$", "Φ": "$\\Phi$",
}  # fmt: skip


def typeset_table(
    header: Sequence[str], rows: Sequence[Sequence[Any]], *, name: str, caption: str, note: str = ""
) -> str:
    """The source of one table, to be \\input; columns of numbers stand to the right."""
    columns = list(zip(*rows, strict=True)) or [()] * len(header)
    sides = "".join("l" if any(isinstance(cell, str) for cell in column) else "r" for column in columns)
    heads = " & ".join(escape(title.replace("_", " ")) for title in header) + " \\\\"
    body = [" & ".join(map(_write_cell, row)) + " \\\\" for row in rows]
    title = f"\\caption{{{escape(caption)}}}\\label{{tab:{name.replace('_', '-')}}}"
    told = (
        [f"\\par\\smallskip\\begin{{minipage}}{{\\linewidth}}\\footnotesize {escape(note)}\\end{{minipage}}"]
        if note
        else []
    )
    if len(rows) > MOST_ROWS:
        lines = [
            "% \\usepackage{booktabs,longtable}", f"\\begin{{longtable}}{{{sides}}}", f"{title}\\\\", "\\toprule",
            heads, "\\midrule", "\\endfirsthead", "\\toprule", heads, "\\midrule", "\\endhead", "\\bottomrule",
            "\\endfoot", *body, "\\end{longtable}", *told,
        ]  # fmt: skip
    else:
        lines = [
            "% \\usepackage{booktabs}", "\\begin{table}", "\\centering", title, f"\\begin{{tabular}}{{{sides}}}",
            "\\toprule", heads, "\\midrule", *body, "\\bottomrule", "\\end{tabular}", *told, "\\end{table}",
        ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _write_cell(cell: Any) -> str:
    """None as a dash; a number with a minus of its own and its exponent as a power of ten."""
    if cell is None:
        return "--"
    if isinstance(cell, bool):
        return str(int(cell))
    if isinstance(cell, int | float):
        digits, _, power = f"{cell:.4g}".partition("e") if isinstance(cell, float) else (str(cell), "", "")
        told = f"{digits}\\times10^{{{int(power)}}}" if power else digits
        return f"${told}$" if power or digits.startswith("-") else told
    return escape(str(cell))


def escape(text: str) -> str:
    """Words as words: nothing in them is a command, and no line break ends a row."""
    plain = " ".join(text.split(None)) if any(sign.isspace() and sign != " " for sign in text) else text
    return "".join(SIGNS.get(sign, f"\\{sign}" if sign in "&%$#_{}" else sign) for sign in plain)
