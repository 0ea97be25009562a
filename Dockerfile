# The image of Falco: watches its host, configured by its environment. `make image` builds it. README.md explains how to
# run it; in short, with everything it may need:
#
#   docker run -d --name falco --privileged --pid host -v /var/run/docker.sock:/host/var/run/docker.sock:ro \
#     -v /proc:/host/proc:ro -v /lib/modules:/host/lib/modules:ro -v /usr/src:/host/usr/src:ro \
#     -v /etc/passwd:/host/etc/passwd:ro -v /etc/group:/host/etc/group:ro \
#     -v falco-cache:/var/cache/falco -v falco-lib:/var/lib/falco falco
#
# It replays captures, too: docker run --rm -i falco -e - < capture.scap

FROM debian:bookworm-slim AS build

# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates python3-pip python3-setuptools python3-wheel \
    && apt-get clean \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /src
COPY pyproject.toml ./
# Clients of forwarders that Debian has not, or not new enough; pyproject.toml says which and why. Everything else is
# Debian's. nkeys, which is Python code alone, comes as source only.
# hadolint ignore=DL3042
RUN python3 -c 'import tomllib; project = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
extras = project["optional-dependencies"]; \
print("\n".join(line for name in ("kafka", "mqtt", "nats", "redis") for line in extras[name]))' > forwarders.txt \
    && pip install --no-cache-dir --no-compile --only-binary :all: --no-binary nkeys --no-build-isolation \
        --ignore-installed --break-system-packages --root /out -r forwarders.txt \
    && rm -rf /out/usr/local/lib/python3.11/dist-packages/confluent_kafka/schema_registry

COPY README.md LICENSE NOTICE ./
COPY falco falco
# --ignore-installed and --root lay the package out below /out as it will lie in the next stage. It is compiled there,
# since the root of a running container is often read-only, and so that the times of files do not matter: a layer may
# change them.
# hadolint ignore=DL3042
RUN pip install --no-index --no-deps --no-build-isolation --no-cache-dir --no-compile --ignore-installed \
        --break-system-packages --root /out . \
    && python3 -m compileall -q --invalidation-mode unchecked-hash -s /out /out/usr/local/lib

FROM debian:bookworm-slim AS root

# Versions are not held: the image is built anew to take up what bookworm mends, and bookworm changes nothing else.
#   python3           the interpreter, 3.11
#   python3-bpfcc     bcc, which compiles the probe; its LLVM is more than half of the image
#   python3-docker    asks docker and podman about containers
#   python3-grpcio    asks container runtimes about containers (CRI)
#   python3-h11       HTTP for the web server that takes Kubernetes audit events
#   python3-jinja2    renders the configuration of what runs in the container
#   python3-requests  what forwarders make HTTP requests with
#   python3-yaml      reads rules and falco.yaml, with the C loader
#   supervisor        keeps the detector and the forwarders running
#   netbase           /etc/services: rules may name ports, as in fd.sport=https
#   tzdata            times in a zone, where time_format_iso_8601 is switched off: docker run -e TZ=Europe/Berlin
# What only installs other packages or looks after disks and logins is taken out again; so is what Python programs do
# not need of their packages. /var/lib/dpkg/status stays, which tells scanners what is there.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends netbase python3 python3-bpfcc python3-docker python3-grpcio \
        python3-h11 python3-jinja2 python3-requests python3-yaml supervisor tzdata \
    && dpkg --purge --force-depends --force-remove-essential --force-remove-protected apt libapt-pkg6.0 gpgv \
        libgnutls30 libp11-kit0 libunistring2 libhogweed6 libnettle8 e2fsprogs libext2fs2 libss2 logsave mount login \
        passwd \
        debian-archive-keyring adduser perl-base \
    && rm -rf /var/lib/apt /var/cache/* /var/log/* /var/lib/dpkg/info /var/lib/dpkg/*-old /usr/share/doc/* \
        /usr/share/man/* /usr/share/zoneinfo/right /usr/share/zoneinfo/posix /usr/lib/x86_64-linux-gnu/gconv \
        /usr/lib/python3/dist-packages/supervisor/tests /usr/lib/python3.11/lib2to3 /usr/lib/python3.11/pydoc_data \
        /usr/lib/python3.11/ensurepip /usr/lib/x86_64-linux-gnu/libicudata.so.72* /usr/lib/x86_64-linux-gnu/libz3.so.4

COPY --from=build /out/ /
COPY rootfs/ /
COPY rootfs/etc/falco/falco.yaml /usr/share/falco/falco.yaml
COPY rules/*.yaml /etc/falco/
COPY LICENSE NOTICE /usr/share/doc/falco/
# 0.15's command line names /usr/bin/falco.
RUN ln -s /usr/local/bin/falco /usr/bin/falco

FROM debian:bookworm-slim AS stubs

# LLVM is linked to libraries for things that bcc never does: libicudata through libxml2 (manifests of Windows programs)
# and libz3 (proofs for the static analyser of clang). They are 54 MB. Libraries of the same names stand in for them:
# one without data, and one whose functions end the process that calls them.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
COPY --from=root /usr/lib/x86_64-linux-gnu/libLLVM-14.so.1 /usr/lib/llvm-14/lib/libclang-cpp.so.14 /llvm/
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
RUN mkdir -p /out/usr/lib/x86_64-linux-gnu \
    && echo 'const char icudt72_dat[16] = {0};' > icudata.c \
    && gcc -shared -fPIC -Wl,-soname,libicudata.so.72 -o /out/usr/lib/x86_64-linux-gnu/libicudata.so.72 icudata.c \
    && nm -D --undefined-only /llvm/* | sed -n 's/^ *U \(Z3_[a-z0-9_]*\)$/void \1(void) { __builtin_trap(); }/p' \
        | sort -u > z3.c \
    && gcc -shared -fPIC -Wl,-soname,libz3.so.4 -o /out/usr/lib/x86_64-linux-gnu/libz3.so.4 z3.c

# Everything in one layer, so that what was taken out is gone.
FROM scratch

# hadolint ignore=DL3067
COPY --from=root / /
COPY --from=stubs /out/ /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# The compiled probe, and the alerts with what forwarders have delivered of them.
VOLUME ["/var/cache/falco", "/var/lib/falco"]
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["/usr/bin/python3", "-P", "-m", "falco.appliance.health"]

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

ENTRYPOINT ["/usr/local/bin/falco-container"]
