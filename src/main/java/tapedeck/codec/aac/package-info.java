/// AAC (ISO/IEC 14496-3): what the configuration says, ADTS framing, and LATM.
///
/// Public: [Aac], [AdtsHeader], [LatmReader].
@org.jspecify.annotations.NullMarked
package tapedeck.codec.aac;
