/// AAC (ISO/IEC 14496-3): what the configuration says, and ADTS framing.
///
/// Public: [Aac], [AdtsHeader].
@org.jspecify.annotations.NullMarked
package tapedeck.codec.aac;
