// Messages from proto3 JSON, such as the recipes that `impasto stylize --save-recipe` writes.
import { definitions } from './api.mjs';
import { ImpastoError } from './errors.mjs';

// The object that the client takes for a message. @grpc/proto-loader passes over names and choices that it doesn't know; a misspelt
// one would be the server's default without a word. INVALID_ARGUMENT says which it is.
export function messageFromJson(type, json, path = '') {
  if (json === null || typeof json !== 'object' || Array.isArray(json)) {
    throw refuse(path || type, 'not an object');
  }
  const fields = new Map(definitions[type].type.field.map((field) => [field.name, field]));
  const message = {};
  for (const [name, value] of Object.entries(json)) {
    const where = path === '' ? name : `${path}.${name}`;
    const field = fields.get(camel(name));
    if (field === undefined) {
      throw refuse(where, `no field of ${type}`);
    }
    if (field.label === 'LABEL_REPEATED' && !Array.isArray(value)) {
      throw refuse(where, 'not a list');
    }
    message[camel(name)] = Array.isArray(value)
      ? value.map((element, i) => fieldFromJson(type, field, element, `${where}[${i}]`))
      : fieldFromJson(type, field, value, where);
  }
  return message;
}

function fieldFromJson(type, field, value, where) {
  if (field.type !== 'TYPE_MESSAGE' && field.type !== 'TYPE_ENUM') {
    return value;
  }
  const name = resolve(field.typeName, type);
  if (name === 'google.protobuf.Duration') {
    return durationFromJson(value, where);
  }
  if (field.type === 'TYPE_MESSAGE') {
    return messageFromJson(name, value, where);
  }
  if (!definitions[name].type.value.some((choice) => choice.name === value || choice.number === value)) {
    throw refuse(where, `"${value}" is no ${name}`);
  }
  return value;
}

// A type's full name: descriptors give it from the root (".impasto.v1.Quality"), or from the message that uses it.
function resolve(typeName, from) {
  if (typeName.startsWith('.')) {
    return typeName.slice(1);
  }
  for (let scope = from; scope !== ''; scope = scope.slice(0, Math.max(0, scope.lastIndexOf('.')))) {
    if (`${scope}.${typeName}` in definitions) {
      return `${scope}.${typeName}`;
    }
  }
  return typeName;
}

function durationFromJson(value, where) {
  if (!/^-?\d+(\.\d{1,9})?s$/.test(value)) {
    throw refuse(where, `"${value}" is no duration such as "1.5s"`);
  }
  const seconds = Math.trunc(parseFloat(value));
  return { seconds, nanos: Math.round((parseFloat(value) - seconds) * 1e9) };
}

function camel(name) {
  return name.replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase());
}

function refuse(where, words) {
  return new ImpastoError('INVALID_ARGUMENT', `${where}: ${words}`, { field: where });
}
