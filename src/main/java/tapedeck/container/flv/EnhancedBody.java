package tapedeck.container.flv;

import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.codec.av1.Av1SequenceHeader;
import tapedeck.codec.h265.H265;
import tapedeck.codec.opus.OpusHead;
import tapedeck.media.Codec;
import tapedeck.media.Frame;

/// The same as [FlvBody] with the codecs of Enhanced RTMP (Veovera, v2) too: what FLV had always is written as always,
/// so that old players understand it, and everything else under its FourCC.
///
/// ```
/// video  1 · frame type 3 · packet type 4 │ FourCC │ (H.265: composition time 24) │ data
/// audio  9 · packet type 4                │ FourCC │ data
/// ```
public final class EnhancedBody {
    private static final int EXTENDED_VIDEO = 0x80;
    private static final int EXTENDED_AUDIO = 0x90;
    private static final int INTER_FRAME = 2;
    private static final int UNSPECIFIED = 2;
    private static final long NANOS_PER_MILLI = 1_000_000;

    private EnhancedBody() {}

    public static boolean canCarry(Codec codec) {
        return switch (codec) {
            case Codec.H265 _, Codec.Vp8 _, Codec.Vp9 _, Codec.Av1 _ -> true;
            case Codec.Opus opus -> opus.channels() >= 1 && opus.channels() <= OpusHead.MAX_CHANNELS;
            case Codec.H264 _, Codec.Aac _, Codec.Mp3 _, Codec.Ac3 _, Codec.Pcma _, Codec.Pcmu _, Codec.G722 _ ->
                FlvBody.canCarry(codec);
        };
    }

    /// What `onMetaData` calls a codec: its id, or its FourCC as a number.
    public static long codecId(Codec codec) {
        return switch (codec) {
            case Codec.H265 _, Codec.Vp8 _, Codec.Vp9 _, Codec.Av1 _, Codec.Opus _ ->
                Bytes.ofUtf8(fourCc(codec)).u32(0);
            case Codec.H264 _, Codec.Aac _, Codec.Mp3 _, Codec.Ac3 _, Codec.Pcma _, Codec.Pcmu _, Codec.G722 _ ->
                FlvBody.codecId(codec);
        };
    }

    /// The whole body of the codec's sequence header, empty for codecs that need none.
    public static Bytes sequenceHeader(Codec codec) {
        return switch (codec) {
            case Codec.H265 h265 -> start(codec, H265.toHvcc(h265));
            case Codec.Vp8 _ -> start(codec, vpcC(0, 8));
            case Codec.Vp9 vp9 -> start(codec, vpcC(vp9.profile(), vp9.bitDepth()));
            case Codec.Av1 av1 ->
                start(codec, Av1SequenceHeader.parse(av1.sequenceHeader()).toAv1C());
            case Codec.Opus opus -> start(codec, OpusHead.of(opus).toBytes());
            case Codec.H264 _, Codec.Aac _, Codec.Mp3 _, Codec.Ac3 _, Codec.Pcma _, Codec.Pcmu _, Codec.G722 _ ->
                FlvBody.sequenceHeader(codec);
        };
    }

    /// What stands before the frame's data.
    public static Bytes prefix(Frame frame) {
        Codec codec = frame.track().codec();
        return switch (codec) {
            case Codec.H265 _ ->
                head(codec, frame.keyframe(), EnhancedTag.CODED_FRAMES)
                        .u24((int) (Math.floorDiv(frame.ptsNanos(), NANOS_PER_MILLI) - FlvBody.millis(frame)))
                        .handOver();
            case Codec.Vp8 _, Codec.Vp9 _, Codec.Av1 _, Codec.Opus _ ->
                head(codec, frame.keyframe(), EnhancedTag.CODED_FRAMES).handOver();
            case Codec.H264 _, Codec.Aac _, Codec.Mp3 _, Codec.Ac3 _, Codec.Pcma _, Codec.Pcmu _, Codec.G722 _ ->
                FlvBody.prefix(frame);
        };
    }

    private static Bytes start(Codec codec, Bytes configuration) {
        return head(codec, true, EnhancedTag.SEQUENCE_START)
                .bytes(configuration)
                .toBytes();
    }

    private static ByteWriter head(Codec codec, boolean keyframe, int packetType) {
        int first = switch (codec) {
            case Codec.Video _ -> EXTENDED_VIDEO | (keyframe ? FlvDemuxer.KEYFRAME : INTER_FRAME) << 4;
            case Codec.Audio _ -> EXTENDED_AUDIO;
        };
        return new ByteWriter(8).u8(first | packetType).ascii(fourCc(codec));
    }

    /// Of a codec that FLV has no number for.
    public static String fourCc(Codec codec) {
        return switch (codec) {
            case Codec.H265 _ -> "hvc1";
            case Codec.Vp8 _ -> "vp08";
            case Codec.Vp9 _ -> "vp09";
            case Codec.Av1 _ -> "av01";
            case Codec.Opus _ -> "Opus";
            case Codec.H264 _, Codec.Aac _, Codec.Mp3 _, Codec.Ac3 _, Codec.Pcma _, Codec.Pcmu _, Codec.G722 _ ->
                throw new IllegalArgumentException(codec.name() + " is written without a FourCC");
        };
    }

    /// VPCodecConfigurationRecord behind version and flags, "VP Codec ISO Media File Format Binding" 1.0: level and
    /// colour unknown.
    private static Bytes vpcC(int profile, int bitDepth) {
        int subsampling = (profile & 1) == 0 ? 1 : 3;
        return new ByteWriter(12)
                .u32(1 << 24)
                .u8(profile)
                .u8(0)
                .u8(bitDepth << 4 | subsampling << 1)
                .u8(UNSPECIFIED)
                .u8(UNSPECIFIED)
                .u8(UNSPECIFIED)
                .u16(0)
                .handOver();
    }
}
