/// VP9 (bitstream specification 0.6): what a frame's first bytes say.
///
/// Public: [Vp9Header], [Vp9Superframe].
@org.jspecify.annotations.NullMarked
package tapedeck.codec.vp9;
