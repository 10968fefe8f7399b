/// AV1 (bitstream specification with errata 1): sequence headers and where decoding can start.
///
/// Public: [Av1TemporalUnit], [Av1SequenceHeader], [Av1Layers] with its [Av1FrameSize], [Obu].
@org.jspecify.annotations.NullMarked
package tapedeck.codec.av1;
