# One file for the three images: `docker build --target gateway .`, or all of them through docker-compose.yml.
FROM rust:1-bookworm AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked -p scraper-svc -p summarizer-svc -p gateway \
    && install -D -t /out target/release/scraper-svc target/release/summarizer-svc target/release/gateway \
    && mkdir /out/models

FROM gcr.io/distroless/cc-debian12:nonroot AS scraper-svc
COPY --from=build /out/scraper-svc /usr/local/bin/
ENV NUTGRAF_LISTEN=0.0.0.0:50051 NUTGRAF_LOG_FORMAT=json
EXPOSE 50051
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s CMD ["scraper-svc", "health"]
ENTRYPOINT ["scraper-svc"]

FROM gcr.io/distroless/cc-debian12:nonroot AS summarizer-svc
COPY --from=build /out/summarizer-svc /usr/local/bin/
# A volume takes its owner from here.
COPY --from=build --chown=nonroot:nonroot /out/models /models
ENV NUTGRAF_LISTEN=0.0.0.0:50052 NUTGRAF_LOG_FORMAT=json
EXPOSE 50052
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s CMD ["summarizer-svc", "health"]
ENTRYPOINT ["summarizer-svc"]

FROM gcr.io/distroless/cc-debian12:nonroot AS gateway
COPY --from=build /out/gateway /usr/local/bin/
ENV NUTGRAF_LISTEN=0.0.0.0:8080 NUTGRAF_LOG_FORMAT=json
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s CMD ["gateway", "health"]
ENTRYPOINT ["gateway"]
