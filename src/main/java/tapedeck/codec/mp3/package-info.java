/// MPEG audio: what a frame's header says.
///
/// Public: [Mp3Header].
@org.jspecify.annotations.NullMarked
package tapedeck.codec.mp3;
