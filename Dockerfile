FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY apps apps
COPY libs libs
COPY tools/bundle.mjs tools/
COPY tools/start/bundle.mjs tools/start/require-node.mjs tools/start/root.mjs tools/start/
# The embedded PostgreSQL, the compiler and the bundler are optional packages; none is of use in the image.
RUN npm run build && npm prune --omit=dev --omit=optional --no-audit --no-fund

FROM node:24-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 SANDBOX_HOST=0.0.0.0 EVERGRANT_HOME=/var/lib/evergrant
# A new volume takes owner and mode of what it is mounted over: the socket is for processes of this user alone.
RUN install -d -o node -g node "$EVERGRANT_HOME" && install -d -o node -g node -m 700 /run/evergrant
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
USER node
# Which process a container is, its command says: the entry of one of the apps.
ENTRYPOINT ["node"]
CMD ["dist/bundle/api.js"]
