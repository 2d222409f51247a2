// The API, read from its .proto files as the program starts: nothing is generated.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

// In a project of your own: wherever you keep the files. google/api and google/rpc come from github.com/googleapis/googleapis;
// here scripts/install.sh has fetched them.
const includeDirs = ['../../../protos/', '../../../.deps/googleapis/'].map((folder) =>
  fileURLToPath(new URL(folder, import.meta.url)),
);
for (const folder of includeDirs) {
  if (!existsSync(folder)) {
    throw new Error(`${folder} isn't there: run scripts/install.sh build`);
  }
}

// Every message, enum and service by its full name, "impasto.v1.Recipe". 64-bit numbers are strings: a number would lose the last
// digits of a large seed.
export const definitions = loadSync(
  ['impasto/v1/stylization.proto', 'impasto/v1/server.proto', 'google/rpc/error_details.proto'],
  { includeDirs, longs: String, enums: String, defaults: true, oneofs: true },
);

export const api = grpc.loadPackageDefinition(definitions).impasto.v1;

// The revision of the API that these files are.
export const apiRevision = Math.max(
  ...definitions['impasto.v1.ApiRevision'].type.value.map(({ number }) => number),
);
