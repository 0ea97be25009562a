# The image of Falco: the command with its default rules and configuration. `make image` builds it. Today it replays
# captures:
#
#   docker run --rm -i falco -e - < capture.scap

FROM debian:bookworm-slim AS build

# Debian's tools build the package, so nothing comes from anywhere but Debian.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3-pip python3-setuptools python3-wheel \
    && apt-get clean \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /src
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY falco falco
# --ignore-installed and --root lay the package out below /out as it will lie in the next stage. It is compiled there,
# since the root of a running container is often read-only, and so that the times of files do not matter: a layer may
# change them.
# hadolint ignore=DL3042
RUN pip install --no-index --no-deps --no-build-isolation --no-cache-dir --no-compile --ignore-installed \
        --break-system-packages --root /out . \
    && python3 -m compileall -q --invalidation-mode unchecked-hash -s /out /out/usr/local/lib

FROM debian:bookworm-slim

# Versions are not held: the image is built anew to take up what bookworm mends, and bookworm changes nothing else.
#   python3       the interpreter, 3.11
#   python3-h11   HTTP for the web server that takes Kubernetes audit events
#   python3-yaml  reads rules and falco.yaml, with the C loader
#   netbase       /etc/services: rules may name ports, as in fd.sport=https
#   tzdata        times of alerts are local: docker run -e TZ=Europe/Berlin
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends netbase python3 python3-h11 python3-yaml tzdata \
    && apt-get clean \
    && rm -rf /var/lib/apt/lists/*

COPY --from=build /out/ /
COPY rootfs/ /
COPY rules/*.yaml /etc/falco/
COPY LICENSE NOTICE /usr/share/doc/falco/

# Behind everything that takes time, so that another version or revision builds from the cache.
ARG VERSION=unknown
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="Falco" \
      org.opencontainers.image.description="Holds what programs do against rules and raises alerts" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="debian:bookworm-slim" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.created="$CREATED"

ENTRYPOINT ["falco"]
