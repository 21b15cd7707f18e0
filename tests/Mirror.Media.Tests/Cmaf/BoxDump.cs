using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Mirror.Media.Tests.Cmaf;

/// <summary>
/// Reads ISO base media files box by box and writes them as indented text: type, size, version and flags, fields. It shares no code with the
/// writers. A field that must have one value ("reserved", "pre_defined") is shown only where it has another, with a "!".
/// </summary>
internal static class BoxDump
{
    /// <summary>Writes all boxes of <paramref name="file"/>.</summary>
    /// <exception cref="InvalidDataException">A box ends outside its container, has bytes left over, or is not known.</exception>
    public static string Describe(ReadOnlySpan<byte> file)
    {
        var dump = new Dump();
        dump.Boxes(new BoxReader(file), depth: 0);
        return dump.ToString();
    }

    /// <summary>The whole box at a path such as <c>moov/trak/tkhd</c>: the first of its type at each step.</summary>
    public static byte[] Find(ReadOnlySpan<byte> file, string path)
    {
        ReadOnlySpan<byte> inside = file;
        string[] steps = path.Split('/');
        for (int i = 0; ; i++)
        {
            ReadOnlySpan<byte> box = First(inside, steps[i]);
            if (i == steps.Length - 1) { return box.ToArray(); }
            inside = box[FieldsBeforeChildren(steps[i])..];
        }
    }

    private static ReadOnlySpan<byte> First(ReadOnlySpan<byte> boxes, string type)
    {
        while (!boxes.IsEmpty)
        {
            ReadOnlySpan<byte> box = boxes[..BinaryPrimitives.ReadInt32BigEndian(boxes)];
            if (Encoding.ASCII.GetString(box.Slice(4, 4)) == type) { return box; }
            boxes = boxes[box.Length..];
        }
        throw new InvalidDataException($"There is no box {type}.");
    }

    /// <summary>Bytes of a container before its first child (the header included).</summary>
    private static int FieldsBeforeChildren(string type) => type switch
    {
        "stsd" or "dref" => 16,
        "avc1" or "hvc1" or "av01" => 86,
        "mp4a" or "Opus" or "ac-3" or "ec-3" => 36,
        _ => 8,
    };

    private sealed class Dump
    {
        private readonly StringBuilder _text = new();
        private int _depth;

        public override string ToString() => _text.ToString();

        public void Boxes(BoxReader input, int depth)
        {
            while (!input.IsAtEnd)
            {
                _depth = depth;
                int size = (int)input.U32();
                string type = input.Text(4);
                var body = new BoxReader(input.Take(size - 8));
                _text.Append(' ', 2 * depth).Append(CultureInfo.InvariantCulture, $"[{type}] {size} bytes");
                if (type is not ("ftyp" or "moov" or "trak" or "mdia" or "minf" or "dinf" or "stbl" or "mvex" or "moof" or "traf" or "mdat" or "colr" or "pasp"
                    or "avc1" or "hvc1" or "av01" or "mp4a" or "Opus" or "ac-3" or "ec-3" or "avcC" or "hvcC" or "av1C" or "dOps" or "dac3" or "dec3"))
                {
                    (body.Version, body.Flags) = ((int)body.U8(), body.U24());
                    _text.Append(CultureInfo.InvariantCulture, $", version {body.Version}, flags {body.Flags:X6}");
                }
                _text.Append('\n');
                Fields(type, ref body, depth + 1);
                if (!body.IsAtEnd) { throw new InvalidDataException($"{body.Left} bytes are left over in {type}."); }
            }
        }

        private void Fields(string type, ref BoxReader body, int depth)
        {
            _depth = depth;
            switch (type)
            {
                case "moov" or "trak" or "mdia" or "minf" or "dinf" or "stbl" or "mvex" or "moof" or "traf": Boxes(body.Rest(), depth); break;
                case "ftyp": FileType(ref body); break;
                case "mvhd": MovieHeader(ref body); break;
                case "tkhd": TrackHeader(ref body); break;
                case "mdhd": MediaHeader(ref body); break;
                case "hdlr": Handler(ref body); break;
                case "vmhd": Must(ref body, 8, "graphicsmode, opcolor"); break;
                case "smhd": Must(ref body, 4, "balance, reserved"); break;
                case "url " when body.Flags == 1: Line("the media is in this file"); break;
                case "dref" or "stsd":
                    Line($"entry_count {body.U32()}");
                    Boxes(body.Rest(), depth);
                    break;
                case "stts" or "stsc" or "stco": Line($"entry_count {body.U32()}"); break;
                case "stsz": Line($"sample_size {body.U32()}, sample_count {body.U32()}"); break;
                case "trex":
                    Line($"track_ID {body.U32()}, default_sample_description_index {body.U32()}");
                    Line($"default_sample_duration {body.U32()}, default_sample_size {body.U32()}, default_sample_flags {body.U32():X8}");
                    break;
                case "avc1" or "hvc1" or "av01": VisualSampleEntry(ref body, depth); break;
                case "mp4a" or "Opus" or "ac-3" or "ec-3": AudioSampleEntry(ref body, depth); break;
                case "avcC" or "hvcC" or "av1C" or "esds" or "dOps" or "dac3" or "dec3": CodecConfigurationDump.Describe(type, ref body, Line); break;
                case "colr":
                    Line($"colour_type {body.Text(4)}, colour_primaries {body.U16()}, transfer_characteristics {body.U16()}, matrix_coefficients {body.U16()}");
                    uint range = body.U8();
                    Line($"full_range_flag {range >> 7}{((range & 0x7F) == 0 ? "" : " reserved!")}");
                    break;
                case "pasp": Line($"hSpacing {body.U32()}, vSpacing {body.U32()}"); break;
                case "mfhd": Line($"sequence_number {body.U32()}"); break;
                case "tfhd": TrackFragmentHeader(ref body); break;
                case "tfdt": Line($"baseMediaDecodeTime {(body.Version == 1 ? body.U64() : body.U32())}"); break;
                case "trun": Run(ref body); break;
                case "mdat": Line(Convert.ToHexString(body.Take(body.Left))); break;
                default: throw new InvalidDataException($"{type} is not known.");
            }
        }

        private void FileType(ref BoxReader body)
        {
            Line($"major_brand {body.Text(4)}, minor_version {body.U32()}");
            var brands = new List<string>();
            while (!body.IsAtEnd) { brands.Add(body.Text(4)); }
            Line($"compatible_brands {string.Join(' ', brands)}");
        }

        private void MovieHeader(ref BoxReader body)
        {
            Line($"creation_time {body.U32()}, modification_time {body.U32()}, timescale {body.U32()}, duration {body.U32()}");
            Line($"rate {body.Fixed16()}, volume {body.Fixed8()}");
            Must(ref body, 10, "reserved");
            Matrix(ref body);
            Must(ref body, 24, "pre_defined");
            Line($"next_track_ID {body.U32()}");
        }

        private void TrackHeader(ref BoxReader body)
        {
            Line($"creation_time {body.U32()}, modification_time {body.U32()}, track_ID {body.U32()}");
            Must(ref body, 4, "reserved");
            Line($"duration {body.U32()}");
            Must(ref body, 8, "reserved");
            Line($"layer {body.U16()}, alternate_group {body.U16()}, volume {body.Fixed8()}");
            Must(ref body, 2, "reserved");
            Matrix(ref body);
            Line($"width {body.Fixed16()}, height {body.Fixed16()}");
        }

        private void MediaHeader(ref BoxReader body)
        {
            Line($"creation_time {body.U32()}, modification_time {body.U32()}, timescale {body.U32()}, duration {body.U32()}");
            uint language = body.U16();
            Line($"language {(char)((language >> 10 & 31) + 0x60)}{(char)((language >> 5 & 31) + 0x60)}{(char)((language & 31) + 0x60)}");
            Must(ref body, 2, "pre_defined");
        }

        private void Handler(ref BoxReader body)
        {
            Must(ref body, 4, "pre_defined");
            Line($"handler_type {body.Text(4)}");
            Must(ref body, 12, "reserved");
            Line($"name \"{body.Text(body.Left - 1)}\"");
            Must(ref body, 1, "end of the name");
        }

        private void VisualSampleEntry(ref BoxReader body, int depth)
        {
            Must(ref body, 6, "reserved");
            Line($"data_reference_index {body.U16()}");
            Must(ref body, 16, "pre_defined");
            Line($"width {body.U16()}, height {body.U16()}, horizresolution {body.Fixed16()}, vertresolution {body.Fixed16()}");
            Must(ref body, 4, "reserved");
            uint frames = body.U16();
            var name = new BoxReader(body.Take(32));
            Line($"frame_count {frames}, compressorname \"{name.Text((int)name.U8())}\", depth {body.U16()}");
            Must(ref body, 2, "pre_defined", 0xFF);
            Boxes(body.Rest(), depth);
        }

        private void AudioSampleEntry(ref BoxReader body, int depth)
        {
            Must(ref body, 6, "reserved");
            Line($"data_reference_index {body.U16()}");
            Must(ref body, 8, "reserved");
            Line($"channelcount {body.U16()}, samplesize {body.U16()}");
            Must(ref body, 4, "pre_defined, reserved");
            Line($"samplerate {body.Fixed16()}");
            Boxes(body.Rest(), depth);
        }

        private void TrackFragmentHeader(ref BoxReader body)
        {
            Line($"track_ID {body.U32()}{((body.Flags & 0x02_0000) != 0 ? ", default-base-is-moof" : "")}");
            if ((body.Flags & 0x01) != 0) { Line($"base_data_offset {body.U64()}"); }
            if ((body.Flags & 0x02) != 0) { Line($"sample_description_index {body.U32()}"); }
            if ((body.Flags & 0x08) != 0) { Line($"default_sample_duration {body.U32()}"); }
            if ((body.Flags & 0x10) != 0) { Line($"default_sample_size {body.U32()}"); }
            if ((body.Flags & 0x20) != 0) { Line($"default_sample_flags {body.U32():X8}"); }
        }

        private void Run(ref BoxReader body)
        {
            uint count = body.U32();
            Line($"sample_count {count}");
            if ((body.Flags & 0x001) != 0) { Line($"data_offset {(int)body.U32()}"); }
            if ((body.Flags & 0x004) != 0) { Line($"first_sample_flags {body.U32():X8}"); }
            for (int i = 0; i < count; i++)
            {
                var fields = new List<string>();
                if ((body.Flags & 0x100) != 0) { fields.Add($"duration {body.U32()}"); }
                if ((body.Flags & 0x200) != 0) { fields.Add($"size {body.U32()}"); }
                if ((body.Flags & 0x400) != 0) { fields.Add($"flags {body.U32():X8}"); }
                if ((body.Flags & 0x800) != 0) { fields.Add($"composition_time_offset {(body.Version == 0 ? body.U32() : (int)body.U32())}"); }
                Line($"sample {i + 1}: {string.Join(", ", fields)}");
            }
        }

        private void Matrix(ref BoxReader body)
        {
            string matrix = Convert.ToHexString(body.Take(36));
            bool isUnity = matrix == "00010000000000000000000000000000" + "00010000000000000000000000000000" + "40000000";
            Line($"matrix {(isUnity ? "unity" : matrix)}");
        }

        private void Must(ref BoxReader body, int length, string name, byte value = 0)
        {
            ReadOnlySpan<byte> bytes = body.Take(length);
            if (bytes.ContainsAnyExcept(value)) { Line($"{name} {Convert.ToHexString(bytes)}!"); }
        }

        private void Line(FormattableString text) => Line(text.ToString(CultureInfo.InvariantCulture));

        private void Line(string text) => _text.Append(' ', 2 * _depth).Append("- ").Append(text).Append('\n');
    }
}
