package tapedeck.container.mp4;

import tapedeck.bytes.Bytes;
import tapedeck.codec.av1.Av1SequenceHeader;
import tapedeck.codec.h264.H264;
import tapedeck.codec.h265.H265;
import tapedeck.codec.opus.OpusHead;
import tapedeck.container.mp4.InitMovie.Pictures;
import tapedeck.media.Codec;

/// Writes the sample entry of a codec, the one child of `stsd` (ISO/IEC 14496-12 8.5.2).
final class SampleEntryWriter {
    /// objectTypeIndication, ISO/IEC 14496-1 7.2.6.6.
    static final int OBJECT_AAC = 0x40;

    static final int OBJECT_MPEG2_MP3 = 0x69;
    static final int OBJECT_MPEG1_MP3 = 0x6B;

    /// Where AVCLevelIndication stands, in an `avcC` as in an SPS, and general_level_idc in an `hvcC`.
    static final int AVCC_LEVEL_AT = 3;

    static final int HVCC_LEVEL_AT = 12;

    private static final int RESOLUTION_72_DPI = 0x0048_0000;

    private SampleEntryWriter() {}

    static boolean canWrite(Codec codec) {
        return switch (codec) {
            case Codec.H264 _, Codec.H265 _, Codec.Vp8 _, Codec.Vp9 _, Codec.Av1 _ -> true;
            case Codec.Aac _, Codec.Mp3 _, Codec.Ac3 _, Codec.Pcma _, Codec.Pcmu _ -> true;
            case Codec.Opus opus -> opus.channels() >= 1 && opus.channels() <= OpusHead.MAX_CHANNELS;
            case Codec.G722 _ -> false;
        };
    }

    /// @param pictures what the header says of their size, which is that of the largest
    static void write(BoxWriter out, Codec codec, Pictures pictures) {
        // ISO/IEC 14496-15 5.3.4.1 and 8.4.1: which of them allows parameter sets in the samples.
        String h264 = pictures.inBand() ? "avc3" : "avc1";
        String h265 = pictures.inBand() ? "hev1" : "hvc1";
        switch (codec) {
            case Codec.H264 c -> video(out, h264, pictures, "avcC", with(H264.toAvcc(c), AVCC_LEVEL_AT, pictures));
            case Codec.H265 c -> video(out, h265, pictures, "hvcC", with(H265.toHvcc(c), HVCC_LEVEL_AT, pictures));
            case Codec.Vp8 _ -> video(out, "vp08", pictures, "vpcC", vpcC(0, 8));
            case Codec.Vp9 c -> video(out, "vp09", pictures, "vpcC", vpcC(c.profile(), c.bitDepth()));
            case Codec.Av1 c ->
                video(
                        out,
                        "av01",
                        pictures,
                        "av1C",
                        Av1SequenceHeader.parse(c.sequenceHeader()).toAv1C());
            case Codec.Aac c -> audio(out, "mp4a", c, b -> esds(b, OBJECT_AAC, c.config()));
            case Codec.Mp3 c -> audio(out, "mp4a", c, b -> esds(b, mp3Object(c), Bytes.EMPTY));
            // ETSI TS 102 366 F.3
            case Codec.Ac3 c -> audio(out, "ac-3", c, b -> b.box("dac3", c.config()));
            case Codec.Opus c ->
                audio(out, "Opus", c, b -> b.box("dOps", OpusHead.of(c).toDOps()));
            case Codec.Pcma c -> audio(out, "alaw", c, _ -> {});
            case Codec.Pcmu c -> audio(out, "ulaw", c, _ -> {});
            case Codec.G722 _ -> throw new IllegalArgumentException("MP4 cannot carry " + codec.name() + " here");
        }
    }

    private static Bytes with(Bytes configuration, int levelAt, Pictures pictures) {
        byte[] bytes = configuration.toByteArray();
        bytes[levelAt] = (byte) pictures.level();
        return Bytes.wrap(bytes);
    }

    /// VisualSampleEntry, 12.1.3.
    private static void video(BoxWriter out, String type, Pictures pictures, String boxType, Bytes configuration) {
        out.box(type, b -> {
            b.zeros(6).u16(1); // data_reference_index
            b.zeros(16);
            b.u16(pictures.width()).u16(pictures.height());
            b.u32(RESOLUTION_72_DPI).u32(RESOLUTION_72_DPI);
            b.u32(0).u16(1); // one frame per sample
            b.zeros(32); // compressorname
            b.u16(0x18).u16(0xFFFF);
            b.box(boxType, configuration);
        });
    }

    /// AudioSampleEntry, 12.2.3. The rate is 16.16; one that does not fit is said by the configuration and the
    /// timescale alone.
    private static void audio(
            BoxWriter out, String type, Codec.Audio codec, java.util.function.Consumer<BoxWriter> configuration) {
        out.box(type, b -> {
            b.zeros(6).u16(1).zeros(8);
            b.u16(codec.channels()).u16(16).zeros(4);
            b.u32(codec.sampleRateHz() > 0xFFFF ? 0 : (long) codec.sampleRateHz() << 16);
            configuration.accept(b);
        });
    }

    /// VPCodecConfigurationRecord, "VP Codec ISO Media File Format Binding" 1.0: level and colour unknown, 4:2:0 with
    /// chroma colocated with luma, or 4:4:4 in the odd profiles, which do not say it here.
    private static Bytes vpcC(int profile, int bitDepth) {
        int subsampling = (profile & 1) == 0 ? 1 : 3;
        int unspecified = 2;
        return new BoxWriter(12)
                .u32(1 << 24)
                .u8(profile)
                .u8(0)
                .u8(bitDepth << 4 | subsampling << 1)
                .u8(unspecified)
                .u8(unspecified)
                .u8(unspecified)
                .u16(0)
                .toBytes();
    }

    private static int mp3Object(Codec.Mp3 codec) {
        return codec.sampleRateHz() < 32_000 ? OBJECT_MPEG2_MP3 : OBJECT_MPEG1_MP3;
    }

    /// ES_Descriptor, ISO/IEC 14496-1 7.2.6.5, as ISO/IEC 14496-14 5.6 wants it.
    private static void esds(BoxWriter out, int objectType, Bytes config) {
        int specific = config.isEmpty() ? 0 : 5 + config.length();
        int decoder = 13 + specific;
        out.fullBox("esds", 0, 0, b -> {
            descriptor(b, 3, 3 + 5 + decoder + 5 + 1).u16(0).u8(0); // ES_ID, flags
            descriptor(b, 4, decoder).u8(objectType).u8(5 << 2 | 1).zeros(3 + 4 + 4); // audio stream, rates unknown
            if (specific > 0) {
                descriptor(b, 5, config.length()).bytes(config);
            }
            descriptor(b, 6, 1).u8(2); // SLConfigDescriptor: predefined for MP4
        });
    }

    /// Tag and size, always in four bytes: readers exist that expect no other form.
    private static BoxWriter descriptor(BoxWriter out, int tag, int size) {
        return out.u8(tag)
                .u8(0x80 | size >> 21 & 0x7F)
                .u8(0x80 | size >> 14 & 0x7F)
                .u8(0x80 | size >> 7 & 0x7F)
                .u8(size & 0x7F);
    }
}
