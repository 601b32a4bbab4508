# docker build -t pharos . && docker run -p 3000:3000 -v pharos:/data pharos
# Podman and Buildah: with `--format docker`, or the health check is left out.
FROM rust:1-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends nodejs npm && rm -rf /var/lib/apt/lists/*
WORKDIR /source
# The tools first: they change less often than the source.
COPY .ci .ci
COPY Cargo.lock ./
RUN .ci/setup build
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/built \
    CARGO_TARGET_DIR=/built make release
# Owned by the user below, whose volume starts as a copy of it.
RUN mkdir dist/data

# The C library, root certificates and time zones: no shell, no package manager.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /source/dist/pharos /usr/local/bin/pharos
COPY --from=build --chown=nonroot:nonroot /source/dist/data /data
# The default place of the data is `data` below the working directory.
WORKDIR /
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD ["pharos", "healthcheck"]
ENTRYPOINT ["pharos"]
CMD ["serve"]
