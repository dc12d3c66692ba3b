# eshot in a container. `docker compose up` builds it; docker-compose.yml says with what around it.

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --release --locked -p eshot && cp target/release/eshot /usr/local/bin/eshot

FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /var/lib/eshot --create-home eshot
COPY --from=build /usr/local/bin/eshot /usr/local/bin/eshot
COPY docker/entrypoint.sh /usr/local/bin/entrypoint.sh
USER eshot
WORKDIR /var/lib/eshot
VOLUME /var/lib/eshot
# Pages and API; returned mail.
EXPOSE 8080 2525
ENV ESHOT_HTTP__LISTEN=0.0.0.0:8080 ESHOT_FEEDBACK__LISTEN=0.0.0.0:2525
ENTRYPOINT ["/usr/local/bin/entrypoint.sh"]
CMD ["serve"]
