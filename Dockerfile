# The image holds the one static binary and nothing else but the certificates of the roots; zone data is compiled in.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=development
ARG COMMIT=
ARG TARGETOS=linux
ARG TARGETARCH=amd64
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -buildvcs=false \
      -tags timetzdata -ldflags "-s -w -X main.version=$VERSION -X main.commit=$COMMIT" -o /grantkeep ./cmd/grantkeep \
 && mkdir -m 0700 /data

FROM scratch
COPY --from=build /grantkeep /grantkeep
COPY --from=build --chown=65532:65532 /data /data
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
USER 65532:65532
VOLUME /data
EXPOSE 8080
# SIGTERM lets renewals that are under way end; give it the time that --drain says.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["/grantkeep", "healthcheck"]
ENTRYPOINT ["/grantkeep"]
CMD ["serve", "--data", "/data", "--listen", "0.0.0.0:8080"]
