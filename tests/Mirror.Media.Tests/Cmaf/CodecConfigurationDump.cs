using System.Globalization;

namespace Mirror.Media.Tests.Cmaf;

/// <summary>The decoder configuration records of <see cref="BoxDump"/>.</summary>
internal static class CodecConfigurationDump
{
    public static void Describe(string type, ref BoxReader body, Action<string> line)
    {
        switch (type)
        {
            case "avcC": Avc(ref body, line); break;
            case "hvcC": Hevc(ref body, line); break;
            case "av1C": Av1(ref body, line); break;
            case "esds": Descriptors(body.Rest(), line, indent: ""); break;
            case "dOps": Opus(ref body, line); break;
            case "dac3": Ac3(body.U24(), line); break;
            case "dec3": Eac3(ref body, line); break;
        }
    }

    // ISO/IEC 14496-15 §5.3.3.1
    private static void Avc(ref BoxReader body, Action<string> line)
    {
        uint version = body.U8(), profile = body.U8();
        line(Text($"configurationVersion {version}, AVCProfileIndication {profile}, profile_compatibility {body.U8():X2}, AVCLevelIndication {body.U8()}"));
        line(Text($"lengthSizeMinusOne {Marked(body.U8(), 0xFC)}"));
        NalUnits(ref body, Marked(body.U8(), 0xE0), "sequenceParameterSet", line);
        NalUnits(ref body, body.U8(), "pictureParameterSet", line);
        if (profile is 66 or 77 or 88) { return; }
        line(Text($"chroma_format {Marked(body.U8(), 0xFC)}, bit_depth_luma_minus8 {Marked(body.U8(), 0xF8)}, bit_depth_chroma_minus8 {Marked(body.U8(), 0xF8)}"));
        line(Text($"numOfSequenceParameterSetExt {body.U8()}"));
    }

    // ISO/IEC 14496-15 §8.3.3.1
    private static void Hevc(ref BoxReader body, Action<string> line)
    {
        uint version = body.U8(), profile = body.U8();
        line(Text($"configurationVersion {version}, general_profile_space {profile >> 6}, general_tier_flag {profile >> 5 & 1}, general_profile_idc {profile & 31}"));
        line(Text($"general_profile_compatibility_flags {body.U32():X8}, general_constraint_indicator_flags {body.U16():X4}{body.U32():X8}, general_level_idc {body.U8()}"));
        uint segmentation = body.U16();
        line(Text($"min_spatial_segmentation_idc {(segmentation >> 12 == 15 ? segmentation & 0xFFF : throw Reserved())}, parallelismType {Marked(body.U8(), 0xFC)}"));
        line(Text($"chromaFormat {Marked(body.U8(), 0xFC)}, bitDepthLumaMinus8 {Marked(body.U8(), 0xF8)}, bitDepthChromaMinus8 {Marked(body.U8(), 0xF8)}, avgFrameRate {body.U16()}"));
        uint layers = body.U8();
        line(Text($"constantFrameRate {layers >> 6}, numTemporalLayers {layers >> 3 & 7}, temporalIdNested {layers >> 2 & 1}, lengthSizeMinusOne {layers & 3}"));
        for (uint arrays = body.U8(); arrays > 0; arrays--)
        {
            uint array = body.U8();
            NalUnits(ref body, body.U16(), Text($"array_completeness {array >> 7}, NAL_unit_type {array & 0x7F}"), line);
        }
    }

    // AV1 in ISOBMFF §2.3.3
    private static void Av1(ref BoxReader body, Action<string> line)
    {
        uint version = Marked(body.U8(), 0x80), profile = body.U8(), format = body.U8();
        line(Text($"version {version}, seq_profile {profile >> 5}, seq_level_idx_0 {profile & 31}, seq_tier_0 {format >> 7}"));
        line(Text($"high_bitdepth {format >> 6 & 1}, twelve_bit {format >> 5 & 1}, monochrome {format >> 4 & 1}, chroma_subsampling_x {format >> 3 & 1}, chroma_subsampling_y {format >> 2 & 1}, chroma_sample_position {format & 3}"));
        line(Text($"initial_presentation_delay_present {body.U8() >> 4}"));
        line($"configOBUs {Hex(body.Take(body.Left))}");
    }

    // Opus in ISOBMFF §4.3.2
    private static void Opus(ref BoxReader body, Action<string> line)
    {
        uint version = body.U8(), channels = body.U8();
        line(Text($"Version {version}, OutputChannelCount {channels}, PreSkip {body.U16()}, InputSampleRate {body.U32()}, OutputGain {(short)body.U16()}"));
        uint family = body.U8();
        line(Text($"ChannelMappingFamily {family}"));
        if (family != 0) { line(Text($"StreamCount {body.U8()}, CoupledCount {body.U8()}, ChannelMapping {Hex(body.Take((int)channels))}")); }
    }

    // ETSI TS 102 366 §F.4
    private static void Ac3(uint bits, Action<string> line)
        => line(Text($"fscod {bits >> 22}, bsid {bits >> 17 & 31}, bsmod {bits >> 14 & 7}, acmod {bits >> 11 & 7}, lfeon {bits >> 10 & 1}, bit_rate_code {bits >> 5 & 31}, reserved {bits & 31}"));

    // ETSI TS 102 366 §F.6
    private static void Eac3(ref BoxReader body, Action<string> line)
    {
        uint head = body.U16();
        line(Text($"data_rate {head >> 3}, num_ind_sub {head & 7}"));
        for (uint left = (head & 7) + 1; left > 0; left--)
        {
            uint bits = body.U24();
            line(Text($"fscod {bits >> 22}, bsid {bits >> 17 & 31}, reserved {bits >> 16 & 1}, asvc {bits >> 15 & 1}, bsmod {bits >> 12 & 7}, acmod {bits >> 9 & 7}, lfeon {bits >> 8 & 1}, reserved {bits >> 5 & 7}, num_dep_sub {bits >> 1 & 15}"));
            if ((bits >> 1 & 15) != 0) { line(Text($"chan_loc {(bits & 1) << 8 | body.U8():X}")); }
        }
    }

    // ISO/IEC 14496-1 §7.2.6: a tag, a length of up to four bytes of seven bits, and what the tag says.
    private static void Descriptors(BoxReader input, Action<string> line, string indent)
    {
        while (!input.IsAtEnd)
        {
            uint tag = input.U8();
            int length = 0;
            uint part;
            do { length = length << 7 | (int)((part = input.U8()) & 0x7F); } while (part > 0x7F);
            var body = new BoxReader(input.Take(length));
            switch (tag)
            {
                case 3:
                    line(Text($"{indent}ES_Descriptor, {length} bytes: ES_ID {body.U16()}, flags {body.U8():X2}"));
                    Descriptors(body.Rest(), line, indent + "  ");
                    break;
                case 4:
                    uint objectType = body.U8(), stream = body.U8();
                    line(Text($"{indent}DecoderConfigDescriptor, {length} bytes: objectTypeIndication {objectType:X2}, streamType {stream >> 2}, upStream {stream >> 1 & 1}, reserved {stream & 1}"));
                    line(Text($"{indent}  bufferSizeDB {body.U24()}, maxBitrate {body.U32()}, avgBitrate {body.U32()}"));
                    Descriptors(body.Rest(), line, indent + "  ");
                    break;
                case 5: line(Text($"{indent}DecoderSpecificInfo, {length} bytes: {Hex(body.Take(length))}")); break;
                case 6: line(Text($"{indent}SLConfigDescriptor, {length} bytes: predefined {body.U8()}")); break;
                default: throw new InvalidDataException($"Descriptor {tag} is not known.");
            }
            if (!body.IsAtEnd) { throw new InvalidDataException($"{body.Left} bytes are left over in descriptor {tag}."); }
        }
    }

    private static void NalUnits(ref BoxReader body, uint count, string name, Action<string> line)
    {
        for (; count > 0; count--) { line($"{name}: {Hex(body.Take((int)body.U16()))}"); }
    }

    /// <summary>A byte without the reserved ones at its top.</summary>
    private static uint Marked(uint value, uint ones) => (value & ones) == ones ? value & ~ones : throw Reserved();

    private static InvalidDataException Reserved() => new("Reserved bits are not what they must be.");

    private static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexString(bytes);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
