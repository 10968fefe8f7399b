/// AC-3 (ETSI TS 102 366): what the header of a frame says. Frames are passed on as they are.
///
/// Public: [Ac3Header].
@org.jspecify.annotations.NullMarked
package tapedeck.codec.ac3;
