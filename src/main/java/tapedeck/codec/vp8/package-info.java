/// VP8 (RFC 6386): what a frame's first bytes say, and what it leaves behind for later ones.
///
/// Public: [Vp8Header], [Vp8References].
@org.jspecify.annotations.NullMarked
package tapedeck.codec.vp8;
