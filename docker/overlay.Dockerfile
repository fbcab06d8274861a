# A suite of Debian that is not a whole system, over one that is: its packages come first, the others' fill in.
# scripts/docker-base.sh builds it.
ARG BASE
FROM ${BASE}
ARG SUITE
RUN archive=$(sed -n '1s/^deb \([^ ]*\) .*/\1/p' /etc/apt/sources.list) \
    && echo "deb $archive $SUITE main" >>/etc/apt/sources.list \
    && echo "APT::Default-Release \"$SUITE\";" >/etc/apt/apt.conf.d/90suite
