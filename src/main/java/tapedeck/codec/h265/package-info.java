/// H.265 (ISO/IEC 23008-2): what parameter sets and access units say.
///
/// Public: [H265], [HevcConfiguration], [H265Sps].
@org.jspecify.annotations.NullMarked
package tapedeck.codec.h265;
