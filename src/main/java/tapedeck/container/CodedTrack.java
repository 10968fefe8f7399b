package tapedeck.container;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.av1.Av1TemporalUnit;
import tapedeck.codec.h264.AvcConfiguration;
import tapedeck.codec.h264.H264;
import tapedeck.codec.h265.H265;
import tapedeck.codec.h265.HevcConfiguration;
import tapedeck.codec.vp8.Vp8Header;
import tapedeck.codec.vp9.Vp9Header;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;

/// What a container holds of one track becomes frames as the rest of the server knows them. The bitstream is believed
/// rather than the container where both say something: encoders change the picture in the middle, and containers of
/// browsers say it only once.
public final class CodedTrack {
    private static final int ANNEX_B = 0;

    /// What is looked for where the container says nothing.
    private enum Unsaid {
        H264,
        AV1
    }

    private final int id;
    private final int nalLengthBytes;
    private final Unsaid unsaid;
    private @Nullable Track track;

    private CodedTrack(int id, @Nullable Codec codec, int nalLengthBytes) {
        this(id, codec, nalLengthBytes, Unsaid.H264);
    }

    private CodedTrack(int id, @Nullable Codec codec, int nalLengthBytes, Unsaid unsaid) {
        this.id = id;
        this.unsaid = unsaid;
        this.nalLengthBytes = nalLengthBytes;
        this.track = codec == null ? null : new Track(id, codec);
    }

    /// @param nalLengthBytes in front of the NAL units of H.264 and H.265; nothing for others
    public static CodedTrack of(int id, Codec codec, int nalLengthBytes) {
        return new CodedTrack(id, codec, nalLengthBytes);
    }

    public static CodedTrack ofAvcc(int id, Bytes avcC) {
        AvcConfiguration configuration = AvcConfiguration.parse(avcC);
        return new CodedTrack(id, configuration.codec(), configuration.nalLengthBytes());
    }

    public static CodedTrack ofHvcc(int id, Bytes hvcC) {
        HevcConfiguration configuration = HevcConfiguration.parse(hvcC);
        return new CodedTrack(id, configuration.codec(), configuration.nalLengthBytes());
    }

    /// H.264 of a writer that says nothing of it: with start codes, and its parameter sets in front of keyframes.
    public static CodedTrack ofAnnexB(int id) {
        return new CodedTrack(id, null, ANNEX_B);
    }

    /// AV1 of a writer that says nothing of it but in front of keyframes.
    public static CodedTrack ofAv1(int id) {
        return new CodedTrack(id, null, ANNEX_B, Unsaid.AV1);
    }

    public int id() {
        return id;
    }

    /// Empty until the bitstream has said it.
    public Optional<Track> track() {
        return Optional.ofNullable(track);
    }

    /// @param keyframe as the container says
    /// @return null for what is no picture, or cannot be decoded yet
    /// @throws MalformedException if the data cannot be what the track says
    public @Nullable Frame frame(long dtsNanos, long ptsNanos, boolean keyframe, Bytes data) {
        if (data.isEmpty()) {
            return null;
        }
        Track known = track;
        if (known == null) {
            return switch (unsaid) {
                case H264 -> annexB(dtsNanos, ptsNanos, data);
                case AV1 -> av1(null, dtsNanos, ptsNanos, data);
            };
        }
        return switch (known.codec()) {
            case Codec.H264 h264 -> {
                Bytes unit = nalUnits(data);
                yield frame(H264.withInBand(h264, unit), dtsNanos, ptsNanos, keyframe, unit);
            }
            case Codec.H265 h265 -> {
                Bytes unit = nalUnits(data);
                Codec codec = keyframe ? H265.withParameterSets(h265, H264.nalUnits(unit)) : h265;
                yield frame(codec, dtsNanos, ptsNanos, keyframe, unit);
            }
            case Codec.Vp8 vp8 -> {
                Vp8Header header = Vp8Header.parse(data);
                yield frame(header.keyframe() ? header.codec() : vp8, dtsNanos, ptsNanos, header.keyframe(), data);
            }
            case Codec.Vp9 vp9 -> {
                Vp9Header header = Vp9Header.parse(data);
                yield frame(header.keyframe() ? header.codec() : vp9, dtsNanos, ptsNanos, header.keyframe(), data);
            }
            case Codec.Av1 av1 -> av1(av1, dtsNanos, ptsNanos, data);
            case Codec.Audio audio -> frame(audio, dtsNanos, ptsNanos, true, data);
        };
    }

    private Bytes nalUnits(Bytes data) {
        return nalLengthBytes == ANNEX_B ? H264.fromAnnexB(data) : H264.normalised(data, nalLengthBytes);
    }

    private @Nullable Frame annexB(long dtsNanos, long ptsNanos, Bytes data) {
        Bytes unit = H264.fromAnnexB(data);
        if (!H264.contains(unit, H264.NAL_SPS) || !H264.contains(unit, H264.NAL_PPS)) {
            return null;
        }
        Codec codec = H264.fromParameterSets(
                H264.nalUnits(unit).stream()
                        .filter(nal -> H264.nalUnitType(nal.u8(0)) == H264.NAL_SPS)
                        .toList(),
                H264.nalUnits(unit).stream()
                        .filter(nal -> H264.nalUnitType(nal.u8(0)) == H264.NAL_PPS)
                        .toList());
        return frame(codec, dtsNanos, ptsNanos, H264.isKeyframe(unit), unit);
    }

    private @Nullable Frame av1(Codec.@Nullable Av1 codec, long dtsNanos, long ptsNanos, Bytes data) {
        Bytes unit = Av1TemporalUnit.withoutDelimiter(data);
        if (unit.isEmpty()) {
            return null;
        }
        Av1TemporalUnit parsed = Av1TemporalUnit.parse(unit);
        Codec now = parsed.keyframe() && parsed.sequenceHeader().isPresent()
                ? parsed.sequenceHeader().get().codec()
                : codec;
        return now == null ? null : frame(now, dtsNanos, ptsNanos, parsed.keyframe(), unit);
    }

    private Frame frame(Codec codec, long dtsNanos, long ptsNanos, boolean keyframe, Bytes data) {
        Track now = track;
        if (now == null || !now.codec().equals(codec)) {
            now = new Track(id, codec);
            track = now;
        }
        return new Frame(now, dtsNanos, ptsNanos, keyframe, data);
    }
}
