// A call's end that isn't OK, with the details that an Impasto server sends along.
import grpc from '@grpc/grpc-js';

import { definitions } from './api.mjs';

export class ImpastoError extends Error {
  // code: the status's name, "INVALID_ARGUMENT". field: the request's field at fault, "recipe.iterations", or empty. reason, facts:
  // for programs (google.rpc.ErrorInfo). retryAfter: seconds, or undefined where the server doesn't say.
  constructor(code, message, { field = '', reason = '', facts = {}, retryAfter, cause } = {}) {
    super(message, { cause });
    this.name = 'ImpastoError';
    Object.assign(this, { code, field, reason, facts, retryAfter });
  }

  // What else the user may want to know, a line each.
  get hints() {
    const hints = Object.entries(this.facts).map(([key, value]) => `${key} = ${value}`);
    if (this.retryAfter !== undefined) {
      hints.push(`try again in ${this.retryAfter} s`);
    }
    return hints;
  }

  // The same, told of a field of the caller's request, where the server speaks of the upload that its picture was sent by.
  inField(field) {
    if (this.field === '') {
      return this;
    }
    const words = this.message.replace(`${this.field}: `, '');
    return new ImpastoError(this.code, `${field}: ${words}`, { ...this, field, cause: this });
  }

  // google.rpc.Status, as in Finished.error.
  static fromStatus({ code, message, details = [] }) {
    const more = {};
    for (const detail of details) {
      // Details of other kinds may come with later servers.
      const type = detail.type_url.split('/').pop();
      if (type === 'google.rpc.BadRequest') {
        more.field = decode(type, detail.value).fieldViolations[0]?.field;
      } else if (type === 'google.rpc.ErrorInfo') {
        const info = decode(type, detail.value);
        more.reason = info.reason;
        more.facts = info.metadata;
      } else if (type === 'google.rpc.RetryInfo') {
        more.retryAfter = toSeconds(decode(type, detail.value).retryDelay);
      }
    }
    return new ImpastoError(grpc.status[code] ?? 'UNKNOWN', message, more);
  }

  // What a gRPC call failed with. The details are the same google.rpc.Status, in the call's trailing metadata.
  static fromCall(error) {
    if (error instanceof ImpastoError || typeof error.code !== 'number') {
      return error;
    }
    const [encoded] = error.metadata?.get('grpc-status-details-bin') ?? [];
    const details = encoded === undefined ? [] : decode('google.rpc.Status', encoded).details;
    return ImpastoError.fromStatus({ code: error.code, message: error.details, details });
  }
}

// A google.protobuf.Duration in seconds; a missing one is 0.
export function toSeconds(duration) {
  return duration ? Number(duration.seconds) + duration.nanos / 1e9 : 0;
}

function decode(type, bytes) {
  return definitions[type].deserialize(bytes);
}
