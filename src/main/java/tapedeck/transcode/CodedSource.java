package tapedeck.transcode;

import tapedeck.bytes.ByteReader;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.codec.aac.Aac;
import tapedeck.codec.h264.H264;
import tapedeck.codec.h265.H265;
import tapedeck.codec.opus.OpusHead;
import tapedeck.media.Codec;

/// What a decoder must know before its first packet, as it crosses to a worker.
///
/// @param codec FFmpeg's name
/// @param sampleRateHz of sound, else 0
/// @param channels of sound, else 0
/// @param header in FFmpeg's form
public record CodedSource(String codec, int sampleRateHz, int channels, Bytes header) {
    public static CodedSource of(Codec codec) {
        return switch (codec) {
            case Codec.H264 h264 -> video(codec, H264.toAvcc(h264));
            case Codec.H265 h265 -> video(codec, H265.toHvcc(h265));
            case Codec.Vp8 _, Codec.Vp9 _ -> video(codec, Bytes.EMPTY);
            // Its header stands in front of each keyframe too.
            case Codec.Av1 _ -> video(codec, Bytes.EMPTY);
            case Codec.Aac aac -> new CodedSource(aac.name(), aac.sampleRateHz(), aac.channels(), aac.config());
            // Without its pre-skip: that is in the stamps, also where a decoder begins in the middle.
            case Codec.Opus opus ->
                new CodedSource(
                        opus.name(),
                        opus.sampleRateHz(),
                        opus.channels(),
                        OpusHead.of(new Codec.Opus(opus.channels(), 0)).toBytes());
            case Codec.Audio audio ->
                new CodedSource(audio.name(), audio.sampleRateHz(), audio.channels(), Bytes.EMPTY);
        };
    }

    private static CodedSource video(Codec codec, Bytes header) {
        return new CodedSource(codec.name(), 0, 0, header);
    }

    /// What [SoundEncoder] makes.
    public static Codec.Aac encodedSound() {
        return Aac.lc(SoundEncoder.RATE_HZ, SoundEncoder.CHANNELS);
    }

    /// What an encoder of pictures makes whose header is this.
    public static Codec.H264 encodedPictures(Bytes avcC) {
        return H264.fromAvcc(avcC);
    }

    public void writeTo(ByteWriter out) {
        Bytes name = Bytes.ofUtf8(codec);
        out.u8(name.length()).bytes(name).u32(sampleRateHz).u8(channels);
        out.u32(header.length()).bytes(header);
    }

    public static CodedSource read(ByteReader in) {
        return new CodedSource(in.take(in.u8()).toUtf8(), in.i32(), in.u8(), in.take(in.u32()));
    }
}
