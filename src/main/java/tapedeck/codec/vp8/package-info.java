/// VP8 (RFC 6386): what a frame's first bytes say.
///
/// Public: [Vp8Header].
@org.jspecify.annotations.NullMarked
package tapedeck.codec.vp8;
