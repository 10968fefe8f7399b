package tapedeck.container.mp4;

import java.util.List;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.ByteReader;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.codec.aac.Aac;
import tapedeck.codec.ac3.Ac3Header;
import tapedeck.codec.av1.Av1SequenceHeader;
import tapedeck.codec.h264.H264;
import tapedeck.codec.h265.H265;
import tapedeck.codec.opus.OpusHead;
import tapedeck.media.Codec;

/// Reads the first sample entry of an `stsd` into a codec: null for one that we do not know or that is encrypted.
final class SampleEntryReader {
    private static final int VIDEO_FIELDS_BYTES = 78;
    private static final int AUDIO_FIELDS_BYTES = 28;
    private static final int SIZE_AT = 24;
    private static final int CHANNELS_AT = 16;
    private static final int RATE_AT = 24;

    private SampleEntryReader() {}

    static @Nullable Codec read(Box stsd) {
        ByteReader in = stsd.fullBody();
        if (in.remaining() < 4 || in.u32() == 0) {
            return null;
        }
        Box entry = Box.children("stsd", in.rest()).getFirst();
        return switch (whole(entry.type())) {
            case "avc1", "avc3", "hvc1", "hev1", "vp08", "vp09", "av01" -> video(entry);
            case "mp4a", "Opus", ".mp3", "ac-3", "alaw", "ulaw" -> audio(entry);
            default -> null;
        };
    }

    /// A recording that lost its power while `hvc1` became `hev1` may hold half of it, if a sector of the disk ends
    /// there.
    private static String whole(String type) {
        return type.equals("hec1") || type.equals("hvv1") ? "hev1" : type;
    }

    /// What is behind the header of the box, for a file that lasts.
    static Bytes mended(Box stsd) {
        Bytes body = stsd.body();
        int typeAt = 12;
        if (body.length() < typeAt + 4) {
            return body;
        }
        Bytes type = body.slice(typeAt, typeAt + 4);
        Bytes whole = Bytes.ofUtf8(whole(type.toUtf8()));
        if (whole.equals(type)) {
            return body;
        }
        return new ByteWriter(body.length())
                .bytes(body.slice(0, typeAt))
                .bytes(whole)
                .bytes(body.slice(typeAt + 4))
                .toBytes();
    }

    /// The type of the first sample entry; "" if there is none.
    static String type(Box stsd) {
        ByteReader in = stsd.fullBody();
        if (in.remaining() < 4 || in.u32() == 0) {
            return "";
        }
        return whole(Box.children("stsd", in.rest()).getFirst().type());
    }

    /// `avcC` or `hvcC` of the first sample entry.
    static Bytes configuration(Box stsd) {
        ByteReader in = stsd.fullBody();
        in.skip(4);
        Box entry = Box.children("stsd", in.rest()).getFirst();
        List<Box> boxes = Box.children(entry.type(), entry.body().slice(VIDEO_FIELDS_BYTES));
        Box avcC = Box.find(boxes, "avcC");
        return avcC == null ? Box.need(entry.type(), boxes, "hvcC").body() : avcC.body();
    }

    private static @Nullable Codec video(Box entry) {
        Bytes body = entry.body();
        if (body.length() < VIDEO_FIELDS_BYTES) {
            throw new MalformedException("MP4: %s of %d bytes".formatted(entry.type(), body.length()));
        }
        int width = body.u16(SIZE_AT);
        int height = body.u16(SIZE_AT + 2);
        List<Box> boxes = Box.children(entry.type(), body.slice(VIDEO_FIELDS_BYTES));
        return switch (whole(entry.type())) {
            case "vp08" -> new Codec.Vp8(width, height);
            case "vp09" -> {
                ByteReader vpcC = Box.need("vp09", boxes, "vpcC").fullBody();
                int profile = vpcC.u8();
                vpcC.skip(1);
                yield new Codec.Vp9(profile, vpcC.u8() >> 4, width, height);
            }
            case "hvc1", "hev1" -> {
                Box hvcC = Box.find(boxes, "hvcC");
                yield hvcC == null ? null : H265.fromHvcc(hvcC.body());
            }
            case "av01" ->
                Av1SequenceHeader.parseAv1C(Box.need("av01", boxes, "av1C").body())
                        .codec();
            default -> {
                Box avcC = Box.find(boxes, "avcC");
                yield avcC == null ? null : H264.fromAvcc(avcC.body());
            }
        };
    }

    private static @Nullable Codec audio(Box entry) {
        Bytes body = entry.body();
        if (body.length() < AUDIO_FIELDS_BYTES) {
            throw new MalformedException("MP4: %s of %d bytes".formatted(entry.type(), body.length()));
        }
        int channels = body.u16(CHANNELS_AT);
        int rate = body.u16(RATE_AT);
        // QuickTime's versions 1 and 2 have more fields before their boxes.
        int version = body.u16(8);
        int fields = AUDIO_FIELDS_BYTES + (version == 1 ? 16 : version == 2 ? 36 : 0);
        List<Box> boxes = Box.children(entry.type(), body.slice(Math.min(fields, body.length())));
        return switch (entry.type()) {
            case "Opus" ->
                OpusHead.parseDOps(Box.need("Opus", boxes, "dOps").body()).codec();
            case "ac-3" -> Ac3Header.fromConfig(Box.need("ac-3", boxes, "dac3").body());
            case "alaw" -> new Codec.Pcma(rate, channels);
            case "ulaw" -> new Codec.Pcmu(rate, channels);
            case ".mp3" -> new Codec.Mp3(rate, channels);
            default -> {
                Box esds = Box.find(boxes, "esds");
                yield esds == null ? null : esds(esds, rate, channels);
            }
        };
    }

    /// ISO/IEC 14496-1 7.2.6: the objectTypeIndication and DecoderSpecificInfo of the first stream.
    private static @Nullable Codec esds(Box esds, int rate, int channels) {
        ByteReader in = esds.fullBody();
        ByteReader descriptor = descriptor(in, 3).reader();
        descriptor.skip(2);
        int flags = descriptor.u8();
        if ((flags & 0x80) != 0) {
            descriptor.skip(2); // dependsOn_ES_ID
        }
        if ((flags & 0x40) != 0) {
            descriptor.skip(descriptor.u8()); // URL
        }
        if ((flags & 0x20) != 0) {
            descriptor.skip(2); // OCR_ES_ID
        }
        ByteReader decoder = descriptor(descriptor, 4).reader();
        int objectType = decoder.u8();
        decoder.skip(12);
        return switch (objectType) {
            case SampleEntryWriter.OBJECT_MPEG1_MP3, SampleEntryWriter.OBJECT_MPEG2_MP3 ->
                new Codec.Mp3(rate, channels);
            // MPEG-4 and the MPEG-2 profiles
            case SampleEntryWriter.OBJECT_AAC, 0x66, 0x67, 0x68 ->
                decoder.hasRemaining() ? Aac.fromConfig(descriptor(decoder, 5)) : null;
            default -> null;
        };
    }

    /// The body of the next descriptor, which must have this tag. Its size is in one to four bytes of seven bits.
    private static Bytes descriptor(ByteReader in, int tag) {
        int found = in.u8();
        if (found != tag) {
            throw new MalformedException("MP4: descriptor %d in esds, %d expected".formatted(found, tag));
        }
        int size = 0;
        for (int i = 0; i < 4; i++) {
            int part = in.u8();
            size = size << 7 | part & 0x7F;
            if ((part & 0x80) == 0) {
                break;
            }
        }
        // Some writers count one byte too many in the outer descriptors.
        return in.take(Math.min(size, in.remaining()));
    }
}
