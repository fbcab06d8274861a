# The image to build with, and the certificate authorities that this machine trusts (its bundle is the context): where
# something between here and crates.io opens TLS, nothing else gets through. scripts/docker-lib.sh builds it.
ARG BUILDER
FROM ${BUILDER}
COPY authorities.crt /etc/ssl/authorities.crt
ENV CARGO_HTTP_CAINFO=/etc/ssl/authorities.crt
