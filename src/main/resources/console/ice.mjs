// The STUN and TURN servers that the server names in its Link headers, RFC 9725 4.6.
import {credentialHeaders} from "./credentials.mjs";

const OPTIONS_MILLIS = 3_000;

/** For an RTCPeerConnection; what the server does not say is not needed to reach it. */
export async function iceServers(endpoint) {
  try {
    const response = await fetch(endpoint, {method: "OPTIONS", headers: credentialHeaders(), signal: AbortSignal.timeout(OPTIONS_MILLIS)});
    return parseLinks(response.headers.get("Link") ?? "");
  } catch {
    return [];
  }
}

export function parseLinks(header) {
  const servers = [];
  for (const [, url, parameters] of header.matchAll(/<([^>]*)>((?:\s*;\s*[\w-]+="[^"]*")*)/g)) {
    const given = Object.fromEntries([...parameters.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name, value]) => [name, value]));
    if (given.rel !== "ice-server") continue;
    servers.push({urls: url, ...(given.username ? {username: given.username, credential: given.credential} : {})});
  }
  return servers;
}
