// A client of an Impasto server.
//
//   const client = await Client.connect();
//   const request = { content: { encoded: photo }, styles: [{ encoded: painting }], recipe: { iterations: 100 } };
//   for await (const event of client.stylize(request)) ...
//
// Requests are plain objects with the fields of protos/impasto/v1, which says what each means, its unit and its range. What fails,
// fails with an ImpastoError.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import grpc from '@grpc/grpc-js';

import { api, apiRevision } from './api.mjs';
import { ImpastoError } from './errors.mjs';
import { EventTranslator } from './events.mjs';

const shortCallSeconds = 10;
const uploadPartBytes = 2 ** 20;

export class Client {
  #metadata = {};
  #server;
  #stylization;
  #maxRequestBytes;

  // Connects, and makes sure that the two understand each other.
  // address: HOST:PORT or unix:PATH. token: what the server's owner gave you. tlsCa: a PEM file of root certificates; it turns TLS on.
  // name: what this client calls itself: a server shares its device fairly between names. reattachSeconds: how long a broken
  // connection is tried again.
  static async connect({
    address = process.env.IMPASTO_SERVER || '127.0.0.1:50451',
    token = process.env.IMPASTO_TOKEN ?? '',
    tlsCa = process.env.IMPASTO_TLS_CA ?? '',
    name = '',
    connectSeconds = 5,
    reattachSeconds = 60,
  } = {}) {
    const client = new Client({ address, token, tlsCa, name, reattachSeconds });
    try {
      await client.#checkServer(connectSeconds);
    } catch (error) {
      client.close();
      throw error;
    }
    return client;
  }

  // Use connect().
  constructor({ address, token, tlsCa, name, reattachSeconds }) {
    this.address = address;
    this.reattachSeconds = reattachSeconds;
    const local = /^(unix:.+|(127(\.\d+){3}|localhost|\[::1\]):\d+)$/.test(address);
    if (token !== '' && tlsCa === '' && !local) {
      throw new ImpastoError(
        'INVALID_ARGUMENT',
        `a token is not sent to ${address} over a connection that isn't encrypted: name the server's roots in IMPASTO_TLS_CA`,
      );
    }
    if (name !== '') {
      this.#metadata['impasto-client'] = name;
    }
    if (token !== '') {
      this.#metadata.authorization = `Bearer ${token}`;
    }
    const credentials =
      tlsCa === '' ? grpc.credentials.createInsecure() : grpc.credentials.createSsl(readFileSync(tlsCa));
    const options = {
      // A server that goes away without a word is noticed. A job that waits for others is silent for long.
      'grpc.keepalive_time_ms': 30_000,
      'grpc.keepalive_timeout_ms': 20_000,
      // While a server is started anew, it is tried often.
      'grpc.initial_reconnect_backoff_ms': 200,
      'grpc.max_reconnect_backoff_ms': 2000,
      // A proxy can't reach this machine's loopback.
      'grpc.enable_http_proxy': local ? 0 : 1,
    };
    // Both go over one connection: gRPC shares those of the same address and options.
    this.#server = new api.Server(address, credentials, options);
    this.#stylization = new api.Stylization(address, credentials, options);
  }

  close() {
    this.#server.close();
    this.#stylization.close();
  }

  // Paints a picture: an asynchronous iterator of events {kind: 'accepted' | 'progress' | 'preview' | 'result' | 'changed' |
  // 'stateChanged' | 'connectionLost', ...the fields that job.proto gives it}; `preview` and `result` have a whole `picture`.
  //
  // A connection that breaks is made again, and nothing but superseded previews is missed. `signal` cancels the job on the server; the
  // iterator fails with CANCELLED then. Who leaves the loop early leaves the job to the server, which cancels it when nobody comes
  // back for it.
  async *stylize(request, { signal } = {}) {
    // With an id the request can be sent again without a second job.
    request = { requestId: randomUUID(), ...request };
    const events = new EventTranslator();
    let job = '';
    let stream;
    const cancel = () => {
      // Before `accepted` there is no name to cancel by: it is done once that is there. The stream goes on, and tells of the end.
      if (job !== '') {
        this.cancelJob(job).catch(() => stream.cancel());
      }
    };
    signal?.addEventListener('abort', cancel);
    let attempts = null;
    try {
      while (events.finished === null) {
        let broken = null;
        try {
          if (job === '') {
            request = await this.#withUploads(request, signal);
            stream = this.#stylization.stylize(request, this.#callMetadata());
          } else {
            const watch = { name: job, afterEvent: events.lastEvent };
            stream = this.#stylization.watchJob(watch, this.#callMetadata());
          }
          for await (const message of stream) {
            const event = events.add(message);
            attempts = null;
            if (event?.kind === 'accepted') {
              job = event.job;
              if (signal?.aborted) {
                cancel();
              }
            }
            if (event !== null) {
              yield event;
            }
          }
        } catch (error) {
          broken = ImpastoError.fromCall(error);
        }
        events.streamEnded();
        if (events.finished !== null) {
          break;
        }
        if (broken === null) {
          throw new ImpastoError('INTERNAL', 'the server ended the job without saying how');
        }
        if (signal?.aborted) {
          throw await this.#cancelled(job);
        }
        if (broken.code !== 'UNAVAILABLE' || this.reattachSeconds <= 0) {
          throw broken;
        }
        if (attempts === null) {
          attempts = new Attempts(this.reattachSeconds, broken);
          yield { kind: 'connectionLost', error: broken };
        }
        await this.#waitForServer(attempts, broken, job, signal);
      }
      checkEnd(events);
    } finally {
      signal?.removeEventListener('abort', cancel);
      stream?.cancel();
    }
  }

  // A picture that several requests use, or that is too large for one: {upload: name}, to be given in its place. `picture` is {encoded:
  // bytes of a file} or {raw: RawPixels}.
  async upload(picture, signal) {
    const data = picture.raw?.data ?? picture.encoded;
    let call;
    const answer = new Promise((resolve, reject) => {
      call = this.#stylization.uploadPicture(this.#callMetadata(), (error, reply) =>
        error ? reject(ImpastoError.fromCall(error)) : resolve(reply),
      );
    });
    const cancel = () => call.cancel();
    signal?.addEventListener('abort', cancel);
    try {
      // A server that refuses the picture doesn't wait for the rest of it.
      await Promise.race([answer, sendParts(call, picture.raw, data)]);
      return { upload: (await answer).name };
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  // impasto.v1.Job of "jobs/...".
  getJob(name) {
    return this.#call(this.#stylization, 'getJob', { name });
  }

  // Fine where the job has ended.
  cancelJob(name) {
    return this.#call(this.#stylization, 'cancelJob', { name });
  }

  #callMetadata(options) {
    const metadata = new grpc.Metadata(options);
    for (const [key, value] of Object.entries(this.#metadata)) {
      metadata.set(key, value);
    }
    return metadata;
  }

  #call(stub, method, request, { seconds = shortCallSeconds, waitForReady = false } = {}) {
    return new Promise((resolve, reject) => {
      const deadline = Date.now() + 1000 * seconds;
      stub[method](request, this.#callMetadata({ waitForReady }), { deadline }, (error, reply) =>
        error ? reject(ImpastoError.fromCall(error)) : resolve(reply),
      );
    });
  }

  async #checkServer(seconds, waitForReady = false) {
    let info;
    try {
      info = await this.#call(this.#server, 'getServerInfo', {}, { seconds, waitForReady });
    } catch (error) {
      const explained = {
        UNIMPLEMENTED: [
          'FAILED_PRECONDITION',
          `${this.address} is no Impasto server, or one older than API revision ${apiRevision}: update the server`,
        ],
        UNAVAILABLE: ['UNAVAILABLE', `can't reach ${this.address}: ${error.message}`],
        DEADLINE_EXCEEDED: ['UNAVAILABLE', `no answer from ${this.address} within ${seconds} s`],
      }[error.code];
      throw explained ? new ImpastoError(...explained, { cause: error }) : error;
    }
    const server = `the server at ${this.address} (impastod ${info.version})`;
    if (info.apiRevision < apiRevision) {
      throw new ImpastoError(
        'FAILED_PRECONDITION',
        `${server} speaks revision ${info.apiRevision} of the API; this client needs ${apiRevision}: update the server`,
      );
    }
    if (info.minClientRevision > apiRevision) {
      throw new ImpastoError(
        'FAILED_PRECONDITION',
        `${server} no longer understands this client (revision ${apiRevision}): update the client`,
      );
    }
    this.#maxRequestBytes = Number(info.maxRequestBytes);
  }

  // The request with its largest pictures uploaded, so that the rest fits into one message.
  async #withUploads({ content, styles = [], initial, ...request }, signal) {
    const fields = { content, initial, ...Object.fromEntries(styles.map((style, i) => [`styles[${i}]`, style])) };
    const size = (picture) => (picture?.encoded ?? picture?.raw?.data ?? '').length;
    const largestFirst = Object.keys(fields).sort((a, b) => size(fields[b]) - size(fields[a]));
    let bytes = largestFirst.reduce((sum, field) => sum + size(fields[field]), 0);
    for (const field of largestFirst) {
      if (bytes <= this.#maxRequestBytes) {
        break;
      }
      bytes -= size(fields[field]);
      try {
        fields[field] = await this.upload(fields[field], signal);
      } catch (error) {
        throw error instanceof ImpastoError ? error.inField(field) : error;
      }
    }
    const uploadedStyles = styles.map((_, i) => fields[`styles[${i}]`]);
    return { ...request, content: fields.content, styles: uploadedStyles, initial: fields.initial };
  }

  async #waitForServer(attempts, broken, job, signal) {
    const pause = attempts.next(broken.retryAfter);
    try {
      await sleep(1000 * pause, undefined, { signal });
    } catch {
      throw await this.#cancelled(job);
    }
    try {
      await this.#checkServer(attempts.remaining(), /* waitForReady= */ true);
    } catch (error) {
      // How it broke says more than that it is still broken.
      throw error.code === 'UNAVAILABLE' ? attempts.first : error;
    }
  }

  // The end of a job that was cancelled while there was no connection.
  async #cancelled(job) {
    if (job === '') {
      return new ImpastoError('CANCELLED', 'cancelled before the server had accepted the job');
    }
    try {
      await this.cancelJob(job);
      return new ImpastoError('CANCELLED', 'the job was cancelled');
    } catch {
      const words = "cancelled, but the server can't be told: it cancels the job itself when nobody comes back for it";
      return new ImpastoError('CANCELLED', words);
    }
  }
}

// Attempts to come back after a connection broke: soon at first, then ever less often, and not all clients at once.
class Attempts {
  #deadline;
  #pause = 0.1;

  constructor(seconds, first) {
    this.first = first; // what broke it
    this.#deadline = Date.now() + 1000 * seconds;
  }

  remaining() {
    return Math.max(0, (this.#deadline - Date.now()) / 1000);
  }

  // Seconds to wait before the next one, at least what the server asks for. Throws when time is up.
  next(asked = 0) {
    const pause = Math.max(asked, this.#pause * (0.5 + Math.random() / 2));
    this.#pause = Math.min(5, 2 * this.#pause);
    if (pause >= this.remaining()) {
      throw this.first;
    }
    return pause;
  }
}

async function sendParts(call, raw, data) {
  if (raw) {
    call.write({ raw: { ...raw, data: Buffer.alloc(0) } });
  }
  for (let offset = 0; offset < data.length; offset += uploadPartBytes) {
    if (!call.write({ data: data.subarray(offset, offset + uploadPartBytes) })) {
      await once(call, 'drain');
    }
  }
  call.end();
}

function checkEnd({ finished, hasResult }) {
  if (finished.state === 'STATE_CANCELLED') {
    throw new ImpastoError('CANCELLED', 'the job was cancelled');
  }
  if (finished.state !== 'STATE_SUCCEEDED') {
    throw ImpastoError.fromStatus(finished.error ?? { message: 'the server says that the job failed, and not why' });
  }
  if (!hasResult) {
    throw new ImpastoError('INTERNAL', 'the server ended the job without a whole result');
  }
}
