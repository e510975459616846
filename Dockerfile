# Build: docker build -t liveroom .
FROM node:20-bookworm-slim AS pages
WORKDIR /src/web/sdk
COPY web/sdk/package.json web/sdk/package-lock.json web/sdk/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY web/sdk ./
RUN npm run build
WORKDIR /src/web/ui
COPY web/ui/package.json web/ui/package-lock.json web/ui/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY web/ui ./
RUN npm run build

FROM golang:1.26-bookworm AS binary
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=pages /src/web/ui/dist ./web/ui/dist
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /liveroom ./cmd/liveroom && mkdir /data

FROM scratch
COPY --from=binary /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=binary /liveroom /liveroom
COPY --from=binary --chown=65532:65532 /data /data
USER 65532:65532
ENV LIVEROOM_DATA_DIR=/data
VOLUME /data
EXPOSE 8080 1935
STOPSIGNAL SIGTERM
ENTRYPOINT ["/liveroom"]
CMD ["serve"]
