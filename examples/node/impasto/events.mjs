// From the API's events to a program's: pictures, which come in parts, are put together, and what the server sends is checked.
import { ImpastoError } from './errors.mjs';

// A larger picture is refused.
const maxPictureBytes = 2 ** 30;

// Follows one job over all the streams that bring its events.
export class EventTranslator {
  // The sequence number of the last event that is here whole: where another stream goes on.
  lastEvent = 0;
  hasResult = false;
  // The job's end (impasto.v1.Finished), once it is known.
  finished = null;
  #picture = new PictureAssembler();

  // The event as {kind, ...its fields}, or null: it says nothing yet.
  add({ sequence, event: kind, [kind]: fields }) {
    const number = Number(sequence);
    if (number !== 0 && number <= this.lastEvent) {
      return null;
    }
    const event = this.#translate(kind, fields);
    // All parts of a picture have one number. It counts once the picture is whole.
    if (!this.#picture.pending) {
      this.lastEvent = Math.max(this.lastEvent, number);
    }
    return event;
  }

  // The stream broke: a picture that isn't whole comes again from its start.
  streamEnded() {
    this.#picture = new PictureAssembler();
  }

  #translate(kind, fields) {
    switch (kind) {
      case 'preview':
      case 'result': {
        const { chunk, ...about } = fields;
        const picture = this.#picture.add(`${kind} of iteration ${about.iteration}`, chunk);
        if (picture === null) {
          return null;
        }
        this.hasResult ||= kind === 'result';
        return { kind, ...about, picture };
      }
      case 'finished':
        this.finished = fields;
        return null;
      case undefined: // a later server's event
        return null;
      default:
        return { kind, ...fields };
    }
  }
}

class PictureAssembler {
  #what = '';
  #header = null;
  #parts = [];
  #bytes = 0;

  get pending() {
    return this.#header !== null;
  }

  // The picture {format, width, height, pixelFormat, stride, data} once it is whole, else null.
  add(what, { header, offset, data }) {
    if (!this.pending) {
      this.#begin(what, header);
    } else if (header !== null || what !== this.#what) {
      throw broken(`the ${what} begins within the ${this.#what}`);
    }
    const total = Number(this.#header.totalBytes);
    if (Number(offset) !== this.#bytes || data.length === 0 || this.#bytes + data.length > total) {
      throw broken(`${data.length} bytes for offset ${offset}, where ${this.#bytes} of ${total} are here`);
    }
    this.#parts.push(data);
    this.#bytes += data.length;
    if (this.#bytes < total) {
      return null;
    }
    const { format, width, height, pixelFormat, stride } = this.#header;
    const picture = { format, width, height, pixelFormat, stride: Number(stride), data: Buffer.concat(this.#parts) };
    this.#header = null;
    return picture;
  }

  #begin(what, header) {
    if (header === null) {
      throw broken(`the first part of the ${what} has no header`);
    }
    const total = Number(header.totalBytes);
    if (header.width < 1 || header.height < 1 || total < 1 || total > maxPictureBytes) {
      throw broken(`the ${what} has ${header.width} x ${header.height} pixels and ${total} bytes`);
    }
    this.#what = what;
    this.#header = header;
    this.#parts = [];
    this.#bytes = 0;
  }
}

function broken(words) {
  return new ImpastoError('INTERNAL', `the server sent a broken picture: ${words}`);
}
