/// Opus (RFC 6716) and its header (RFC 7845): how long a packet is and what a decoder must know before the first one.
///
/// Public: [OpusPacket], [OpusHead].
@org.jspecify.annotations.NullMarked
package tapedeck.codec.opus;
