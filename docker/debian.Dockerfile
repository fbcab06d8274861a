# A server of Debian's packages, laid out as the official images are: user 999, data in /data, port 6379.
# scripts/docker-base.sh builds it, on a base that it makes by debootstrap.
ARG BASE
FROM ${BASE}
ARG PACKAGE
# The user is made first, so that the package finds it and takes its number.
RUN name="${PACKAGE%-server}" \
    && groupadd --system --gid 999 "$name" \
    && useradd --system --gid "$name" --uid 999 --home-dir /data --no-create-home --shell /usr/sbin/nologin "$name" \
    && apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install --yes "$PACKAGE" \
    && apt-get clean \
    && rm -rf /var/lib/apt/lists/* \
    && install --directory --owner 999 --group 999 /data
WORKDIR /data
EXPOSE 6379
CMD ["sh", "-c", "exec \"$(command -v redis-server || command -v valkey-server)\" --protected-mode no"]
