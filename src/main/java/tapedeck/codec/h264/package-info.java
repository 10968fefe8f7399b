/// H.264 (ISO/IEC 14496-10, ITU-T H.264) and how files and FLV carry it (ISO/IEC 14496-15).
///
/// Public: [H264], [Sps], [AvcConfiguration].
@org.jspecify.annotations.NullMarked
package tapedeck.codec.h264;
