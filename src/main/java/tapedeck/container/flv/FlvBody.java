package tapedeck.container.flv;

import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.codec.h264.H264;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;

/// The other way round: what stands before a frame's data in the body of its tag, and sequence headers.
public final class FlvBody {
    /// 44 kHz, 16 bits, stereo: E.4.2.1 says this of every AAC, whatever it really is.
    private static final int AAC_SOUND = FlvDemuxer.AAC << 4 | 0x0F;

    private static final int INTER_FRAME = 2;
    private static final long NANOS_PER_MILLI = 1_000_000;

    private FlvBody() {}

    public static boolean canCarry(Codec codec) {
        return switch (codec) {
            case Codec.H264 _, Codec.Aac _, Codec.Mp3 _ -> true;
            case Codec.Pcma g711 -> g711.sampleRateHz() == 8_000 && g711.channels() <= 2;
            case Codec.Pcmu g711 -> g711.sampleRateHz() == 8_000 && g711.channels() <= 2;
            case Codec.H265 _, Codec.Vp8 _, Codec.Vp9 _, Codec.Av1 _, Codec.Opus _, Codec.Ac3 _, Codec.G722 _ -> false;
        };
    }

    /// The tag type of a track.
    public static int tagType(Track track) {
        return track.isVideo() ? FlvTag.VIDEO : FlvTag.AUDIO;
    }

    /// The id by which `onMetaData` names a codec.
    public static int codecId(Codec codec) {
        return switch (codec) {
            case Codec.H264 _ -> FlvDemuxer.AVC;
            case Codec.Aac _ -> FlvDemuxer.AAC;
            case Codec.Mp3 _ -> FlvDemuxer.MP3;
            case Codec.Pcma _ -> FlvDemuxer.PCMA;
            case Codec.Pcmu _ -> FlvDemuxer.PCMU;
            case Codec.H265 _, Codec.Vp8 _, Codec.Vp9 _, Codec.Av1 _, Codec.Opus _, Codec.Ac3 _, Codec.G722 _ ->
                throw notCarried(codec);
        };
    }

    /// The whole body of the codec's sequence header, empty for codecs that need none.
    public static Bytes sequenceHeader(Codec codec) {
        return switch (codec) {
            case Codec.H264 h264 ->
                new ByteWriter()
                        .u8(FlvDemuxer.KEYFRAME << 4 | FlvDemuxer.AVC)
                        .u8(FlvDemuxer.SEQUENCE_HEADER)
                        .u24(0)
                        .bytes(H264.toAvcc(h264))
                        .toBytes();
            case Codec.Aac aac ->
                new ByteWriter()
                        .u8(AAC_SOUND)
                        .u8(FlvDemuxer.SEQUENCE_HEADER)
                        .bytes(aac.config())
                        .toBytes();
            case Codec.Mp3 _, Codec.Pcma _, Codec.Pcmu _ -> Bytes.EMPTY;
            case Codec.H265 _, Codec.Vp8 _, Codec.Vp9 _, Codec.Av1 _, Codec.Opus _, Codec.Ac3 _, Codec.G722 _ ->
                throw notCarried(codec);
        };
    }

    /// What stands before the frame's data.
    public static Bytes prefix(Frame frame) {
        Codec codec = frame.track().codec();
        return switch (codec) {
            case Codec.H264 _ -> {
                int compositionMillis = (int) (Math.floorDiv(frame.ptsNanos(), NANOS_PER_MILLI) - millis(frame));
                yield Bytes.ofU8(
                        (frame.keyframe() ? FlvDemuxer.KEYFRAME : INTER_FRAME) << 4 | FlvDemuxer.AVC,
                        FlvDemuxer.CODED,
                        compositionMillis >> 16,
                        compositionMillis >> 8,
                        compositionMillis);
            }
            case Codec.Aac _ -> Bytes.ofU8(AAC_SOUND, FlvDemuxer.CODED);
            case Codec.Mp3 mp3 -> Bytes.ofU8(FlvDemuxer.MP3 << 4 | 0x0E | (mp3.channels() > 1 ? 1 : 0));
            case Codec.Pcma pcma -> Bytes.ofU8(FlvDemuxer.PCMA << 4 | 2 | (pcma.channels() > 1 ? 1 : 0));
            case Codec.Pcmu pcmu -> Bytes.ofU8(FlvDemuxer.PCMU << 4 | 2 | (pcmu.channels() > 1 ? 1 : 0));
            case Codec.H265 _, Codec.Vp8 _, Codec.Vp9 _, Codec.Av1 _, Codec.Opus _, Codec.Ac3 _, Codec.G722 _ ->
                throw notCarried(codec);
        };
    }

    /// The frame's decoding time on the clock of FLV.
    public static long millis(Frame frame) {
        return Math.floorDiv(frame.dtsNanos(), NANOS_PER_MILLI);
    }

    private static IllegalArgumentException notCarried(Codec codec) {
        return new IllegalArgumentException("FLV cannot carry " + codec.name());
    }
}
