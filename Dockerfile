# Parley on Debian 12. The first stage builds it with the packages and the command that a developer uses; the image has the
# binary and what it is linked to. `docker compose up --build` starts it with a PostgreSQL: see docs/operations.md.

FROM debian:bookworm-slim AS build
WORKDIR /src
# What is installed changes less often than the sources, and is kept in a layer of its own.
COPY dev ./
RUN ./dev install
COPY . .
RUN ./dev build release parley && install -D --strip build/release/parley /out/parley

FROM debian:bookworm-slim
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates \
    libcaf-core0.17 libedit2 libfmt9 libpq5 libpqxx-6.4 libsimdjson14 libspdlog1.10 libsqlite3-0 libssl3 libstdc++6 libtomlplusplus3 \
  && rm -rf /var/lib/apt/lists/* \
  && useradd --uid 10001 --create-home --home-dir /var/lib/parley parley
COPY --from=build /out/parley /usr/local/bin/parley
# A library that is missing shows here.
RUN parley --version
USER parley
WORKDIR /var/lib/parley
# The address is the container's own; who reaches it is decided by where its port is published.
ENV PARLEY_SERVER_LISTEN=0.0.0.0:8080 \
    PARLEY_SERVER_ALLOW_REMOTE=true \
    PARLEY_SERVER_DATA_DIR=/var/lib/parley
VOLUME /var/lib/parley
EXPOSE 8080
# Whether the process answers. Not /ready/: a node whose database is away may hold answers that are not stored yet, and must
# not be restarted for it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=90s CMD ["bash", "-c", \
  "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /live/ HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' >&3 && head -n 1 <&3 | grep -q ' 200 '"]
ENTRYPOINT ["parley"]
CMD ["serve"]
