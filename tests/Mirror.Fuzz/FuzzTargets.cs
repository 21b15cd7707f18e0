using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Mirror.GpuTranscode.FFmpeg;
using Mirror.GpuTranscode.Workers;
using Mirror.IngestNode.Demux;
using Mirror.IngestNode.Srt;
using Mirror.Media.Bits;
using Mirror.Media.Codecs;
using Mirror.Media.Codecs.Aac;
using Mirror.Media.Codecs.Ac3;
using Mirror.Media.Codecs.Av1;
using Mirror.Media.Codecs.Captions;
using Mirror.Media.Codecs.H264;
using Mirror.Media.Codecs.H265;
using Mirror.Media.Codecs.Mpeg2;
using Mirror.Media.Codecs.MpegAudio;
using Mirror.Media.Codecs.Opus;
using Mirror.Media.Frames;
using Mirror.Media.MpegTs;
using Mirror.Media.Tests.Codecs.Captions;
using Mirror.Media.Tests.MpegTs;
using Mirror.Streams;
using Mirror.Streams.Announcements;
using Mirror.Streams.Feed;
using Mirror.Streams.Recordings;
using Mirror.Streams.Tests.Announcements;
using Mirror.Streams.Tests.Feed;
using Mirror.Streams.Tests.Recordings;

namespace Mirror.Fuzz;

/// <summary>Every parser of bytes that come from outside.</summary>
public static class FuzzTargets
{
    private const string H264SpsHex = "6764001EACD940B424D80B50101014000003000400000300C9898003D090007A13930C03E28532C0";
    private const string H264PpsHex = "68FBACB22C";
    private const string H265VpsHex = "40010C01FFFF02200000030090000003000003005A959409";
    private const string H265SpsHex = "42010102200000030090000003000003005AA005120171C92365959649395E02D42440241000003E90000EA60609C987E000F424001E8488";
    private const string H265PpsHex = "4401C172B46240";
    private static readonly byte[] H264Slice = Hex("6588820B023F794218B62F6B0F231A7479DFB403");
    private static readonly byte[] H265Slice = Hex("2801AF0A4C2E7E3B2540FCB95C335FFFFFFFFFFF");
    private static readonly byte[] H265Trail = Hex("0201D02149E10C6149852D60C020B6C110C3A72D");
    private static readonly byte[] AdtsFrame = [0xFF, 0xF1, 0x4C, 0x80, 0x02, 0x5F, 0xFC, 0x21, 0x10, 0x04, 0x60, 0x8C, 0x1C, 0x00, 0x00, 0x00, 0x00, 0x00];
    private static readonly byte[] LoasFrame = Hex("56E00F" + "20001190001FE0050102030405000000");
    private static readonly byte[] OpusUnit = Hex("7FF80A01380010" + "FC010203040506070809");

    private static readonly byte[] Mp2Frame = [0xFF, 0xFD, 0x14, 0x00, .. new byte[92]];                 // 32 kbit/s at 48 kHz
    private static readonly byte[] Ac3Frame = [.. Hex("0B77000000404000"), .. new byte[120]];            // 32 kbit/s
    private static readonly byte[] Eac3Frame = [.. Hex("0B7700073F860000"), .. new byte[8]];
    private static readonly byte[] Eac3Dependent = [.. Hex("0B7740073F860000"), .. new byte[8]];
    private static readonly byte[] Mpeg2Header = Hex("B378044034FFFFE000");
    private static readonly byte[] Mpeg2Extension = Hex("B5148200010000");
    private static readonly byte[] Mpeg2Display = Hex("B52B0101011E0221C0");
    private static readonly byte[] Mpeg2Group = Hex("B800080040");
    private static readonly byte[] Mpeg2Frame = Hex("B58FFFF35880");
    private static readonly byte[] Mpeg2Slice = Hex("0113FCE1A03F77");
    private static readonly byte[] Av1Header = Hex("0A0B000000043CFECCFBF90040");
    private static readonly byte[] Av1KeyFrame = Hex("320610000000A1B2");
    private static readonly byte[] Av1Frame = Hex("320430C3D4E5");

    private static readonly string[] StreamIds =
    [
        "camera", "#!::r=camera,m=publish,t=stream,h=host,u=me,s=k=v==", "#!::bmd_uuid=12ab,bmd_name=Studio 1, left,u=camera,", "#!::h=host,,r = camera",
        "publish:live/camera:user:key", "srt://host:30000/live/camera?key=abc", "%23%21%3A%3Ar%3Dlive%2Fcamera%2Cm%3Dpublish", "/camera/",
    ];

    /// <summary>All targets by name.</summary>
    public static IReadOnlyDictionary<string, FuzzTarget> All { get; } = Create().ToDictionary(t => t.Name);

    private static IEnumerable<FuzzTarget> Create()
    {
        byte[] h264 = H264Stream();
        byte[] h265 = H265Stream();
        yield return new("announcements", AnnouncementMessages.All, ReadAnnouncements);
        yield return new("recording-index", [RecordedIndexes.Bytes], ReadRecordingIndex);
        yield return new("srt-stream-id", [.. StreamIds.Select(Encoding.UTF8.GetBytes)], ReadStreamId);
        yield return new("transport-packet", [h264[..188], h264[188..376], h265[..188]], static input => _ = TransportPacket.TryParse(input, out _));
        yield return new("packet-synchronizer", [h264, h265], ReadPackets);
        yield return new("psi-section", [Hex("00B00D0001C100000001F0002AB104B2"), Hex("02B0170001C10000E100F0001BE100F0000FE101F0002F44B99B")], ReadRepairedSection);
        yield return new("section-assembler", [h264[..(188 * 4)]], ReadSections);
        yield return new("pes-header", [TransportStreamBuilder.PesBytes(0xE0, 90_000, 86_400, [1, 2, 3], isBounded: true), Hex("000001BE000A00")], ReadPesHeader);
        yield return new("pes-assembler", [h264, h265], ReadPesPackets);
        yield return new("h264-sps", [Hex(H264SpsHex), Hex("6742C028DA01E0089F97011000000300100000030320F1832A")], ReadH264Sps);
        yield return new("h264-pps", [Hex(H264PpsHex), Hex("68CE0FC8")], static input => _ = H264Pps.TryParse(input, out _));
        yield return new("h264-slice", [H264Slice], ReadH264Slice);
        yield return new("h265-sps", [Hex(H265SpsHex), Hex("420101016000000300900000030000030078A003C08010E596566924CAF0168080000003008000000C84")], ReadH265Sps);
        yield return new("h265-pps", [Hex(H265PpsHex)], static input => _ = H265Pps.TryParse(input, out _));
        yield return new("h265-slice", [H265Slice, H265Trail], ReadH265Slice);
        yield return new("sei", [Hex("0606018480"), Hex("0605021122060144800604FFFF10")], static input => _ = SeiReader.TryFindRecoveryPoint(input, 1, out _) | SeiReader.TryFindRecoveryPoint(input, 2, out _));
        yield return new("captions", [CaptionSample(isHevc: false), CaptionSample(isHevc: true)], ReadCaptions);
        yield return new("h264-stream", [AnnexB(Hex(H264SpsHex), Hex(H264PpsHex), H264Slice, H264Slice)], input => ReadNalUnits(new H264Syntax(1), input));
        yield return new("h265-stream", [AnnexB(Hex(H265VpsHex), Hex(H265SpsHex), Hex(H265PpsHex), H265Slice, H265Trail)], input => ReadNalUnits(new H265Syntax(1), input));
        yield return new("feed", [RecordedFeed.Bytes()], ReadFeed);
        yield return new("adts", [[.. AdtsFrame, .. AdtsFrame]], static input => ReadAudio(h => new AdtsAssembler(2, h), input));
        yield return new("latm", [[.. LoasFrame, .. LoasFrame]], static input => ReadAudio(h => new LatmAssembler(2, h), input));
        yield return new("opus", [[.. OpusUnit, .. OpusUnit]], static input => ReadAudio(h => new OpusAssembler(2, OpusBody(), h), input));
        yield return new("mpeg-audio", [[.. Mp2Frame, .. Mp2Frame]], static input => ReadAudio(h => new MpegAudioAssembler(2, h), input));
        yield return new("mpeg-audio-header", [Mp2Frame[..4], Hex("FFF38440")], static input => Check(!MpegAudioHeader.TryParse(input, out MpegAudioHeader header) || header.FrameLength > 4, "an empty frame"));
        yield return new("ac3", [[.. Ac3Frame, .. Ac3Frame], [.. Eac3Frame, .. Eac3Dependent, .. Eac3Frame]], static input => ReadAudio(h => new Ac3Assembler(2, h), input));
        yield return new("ac3-header", [Ac3Frame[..8], Eac3Frame[..8]], ReadAc3Header);
        yield return new("mpeg2-sequence", [Mpeg2Header, [.. Mpeg2Header, 0, 0, 1, .. Mpeg2Extension, 0, 0, 1, .. Mpeg2Display]], ReadMpeg2Sequence);
        yield return new("mpeg2-stream", [Mpeg2Pictures()], input => ReadNalUnits(new Mpeg2Syntax(1), input));
        yield return new("av1-obu", [[.. Av1Header, .. Av1KeyFrame], Hex("3648" + "02AABB"), Hex("10AABB")], ReadObus);
        yield return new("av1-sequence-header", [Av1Header[2..], Hex("000000043D06D4DAF95091009040")], ReadAv1SequenceHeader);
        yield return new("audio-specific-config", [Hex("1190"), Hex("2B118800"), Hex("17805DC010")], static input => _ = AudioSpecificConfig.TryParse(input, out _));
        byte[] mpeg2 = Mpeg2Stream();
        byte[] av1 = Av1Stream();
        yield return new("worker-messages", [WorkerMessages()], ReadWorkerMessages);
        yield return new("transport-stream", [h264, h265, [.. h264, .. h265], mpeg2, av1, [.. mpeg2, .. av1]], ReadTransportStream);
    }

    private static byte[] CaptionSample(bool isHevc)
        => CaptionBytes.Sample(CaptionBytes.Sei(CaptionBytes.Message(CaptionBytes.Line21(0, 0x14, 0x25), CaptionBytes.Line21(1, 0x15, 0x20), CaptionBytes.Packet(1, 9)), isHevc));

    private static void ReadCaptions(byte[] input)
    {
        var detector = new CaptionDetector();
        detector.ReadSample(Codec.H264, input);
        detector.ReadSample(Codec.H265, input);
        detector.ReadTriplets(input);
        detector.ReadTriplets(input);
        Check(detector.Services is null or { Services.Count: > 0 and <= 67 }, "services that there are not");
    }

    private static void ReadStreamId(byte[] input)
    {
        foreach (SrtPathNames paths in Enum.GetValues<SrtPathNames>())
        {
            SrtStreamId? id = SrtStreamId.Parse(Encoding.UTF8.GetString(input), new SrtOptions { PathNames = paths }, out SrtRejection rejection, out string reason);
            Check(id is null ? reason.Length > 0 && rejection >= SrtRejection.BadRequest : StreamId.IsValid(id.Resource), "neither a legal name nor a reason");
            Check(!reason.Any(char.IsControl), "a control character for the log");
        }
    }

    /// <summary>What a worker and its node say to each other.</summary>
    private static byte[] WorkerMessages()
    {
        var track = new VideoTrack { Id = 1, Codec = Codec.H264, DecoderConfiguration = new byte[] { 1, 100, 0, 31 }, CodecString = "avc1.64001f", Width = 16, Height = 16 };
        return
        [
            .. WorkerProtocol.WriteConfigure(new WorkerConfiguration { Generation = 1, Source = track, Rungs = [], Settings = new TranscoderSettings() }),
            .. WorkerProtocol.Write(WorkerMessageType.Unit, new byte[WorkerProtocol.UnitFieldsLength], Hex(H264SpsHex)), .. WorkerProtocol.WriteDrain(1),
            .. WorkerProtocol.WriteSnapshot(1, 640), .. WorkerProtocol.WriteStill(2, track, Hex(H264PpsHex)),
            .. WorkerProtocol.Write(WorkerMessageType.Frame, new byte[WorkerProtocol.FrameFieldsLength], Hex(H264PpsHex)),
            .. WorkerProtocol.Write(WorkerMessageType.Stats, new byte[WorkerStats.Length], []), .. WorkerProtocol.Write(WorkerMessageType.Fatal, [], "no"u8),
        ];
    }

    private static void ReadWorkerMessages(byte[] input)
    {
        using var reader = new WorkerMessageReader();
        ReadOnlySpan<byte> rest = input;
        while (!rest.IsEmpty && !reader.IsCorrupt)
        {
            Memory<byte> memory = reader.GetMemory();
            int count = Math.Min(memory.Length, rest.Length);
            Check(count > 0, "no room for more bytes");
            rest[..count].CopyTo(memory.Span);
            rest = rest[count..];
            reader.Advance(count);
            while (reader.TryRead(out WorkerMessage message))
            {
                switch (message.Type)
                {
                    case WorkerMessageType.Configure: _ = WorkerProtocol.ReadJson(message.Payload.Span, WorkerJson.Default.WorkerConfiguration); break;
                    case WorkerMessageType.Format: _ = WorkerProtocol.ReadJson(message.Payload.Span, WorkerJson.Default.VideoTrack); break;
                    case WorkerMessageType.Still: WorkerProtocol.TryReadStill(message.Payload.Span, out _, out _); break;
                    case WorkerMessageType.Stats: _ = WorkerStats.Read(message.Fields); break;
                    case WorkerMessageType.Unit: _ = WorkerUnit.Read(message.Fields); break;
                    case WorkerMessageType.Frame: _ = WorkerFrame.Read(message.Fields); break;
                }
                message.Payload.Release();
            }
        }
    }

    private static byte[] Hex(string hex) => Convert.FromHexString(hex);

    private static byte[] AnnexB(params byte[][] nalUnits) => [.. nalUnits.SelectMany(n => (byte[])[0, 0, 0, 1, .. n])];

    private static byte[] OpusBody() => OpusDecoderConfiguration.TryBuild(2, out byte[] body) ? body : [];

    private static byte[] H264Stream()
    {
        TransportStreamBuilder builder = new TransportStreamBuilder().H264AacTables();
        for (int i = 0; i < 14; i++)
        {
            byte[] picture = i % 6 == 0 ? AnnexB([9, 0xF0], Hex(H264SpsHex), Hex(H264PpsHex), H264Slice) : AnnexB([9, 0xF0], [0x41, .. H264Slice.AsSpan(1)]);
            builder.VideoPes(i * 3_600 + 7_200, i * 3_600, picture, pcr: i * 3_600 * 300L).AudioPes(i * 3_840, [.. AdtsFrame, .. AdtsFrame]);
        }
        return builder.ToArray();
    }

    private static byte[] H265Stream()
    {
        TransportStreamBuilder builder = new TransportStreamBuilder().Tables(0, (StreamType.H265, TransportStreamBuilder.VideoPid, []),
            (StreamType.PrivatePes, TransportStreamBuilder.AudioPid, [5, 4, .. "Opus"u8, 0x7F, 2, 0x80, 2]));
        for (int i = 0; i < 14; i++)
        {
            byte[] picture = i % 6 == 0 ? AnnexB(Hex(H265VpsHex), Hex(H265SpsHex), Hex(H265PpsHex), H265Slice) : AnnexB(H265Trail);
            builder.VideoPes(i * 1_500, -1, picture).Pes(TransportStreamBuilder.AudioPid, 0xBD, i * 1_800, -1, OpusUnit, isBounded: true);
        }
        return builder.ToArray();
    }

    /// <summary>I, P and B, then a frame of two fields.</summary>
    private static byte[] Mpeg2Pictures() => AnnexB(Mpeg2Header, Mpeg2Extension, Mpeg2Display, Mpeg2Group, Hex("00000FFFF8"), Mpeg2Frame, Mpeg2Slice, Hex("0000D7FFF8"), Mpeg2Frame, Mpeg2Slice,
        Hex("00005FFFF8"), Mpeg2Frame, Mpeg2Slice, Hex("00010FFFF8"), Hex("B58FFFF15880"), Mpeg2Slice, Hex("000117FFF8"), Hex("B58FFFF25880"), Mpeg2Slice);

    private static byte[] Mpeg2Stream()
    {
        TransportStreamBuilder builder = new TransportStreamBuilder().Tables(0, (StreamType.Mpeg2Video, TransportStreamBuilder.VideoPid, []), (StreamType.Mpeg1Audio, TransportStreamBuilder.AudioPid, []));
        for (int i = 0; i < 6; i++) { builder.VideoPes(i * 14_400 + 7_200, i * 14_400, Mpeg2Pictures()).AudioPes(i * 4_320, [.. Mp2Frame, .. Mp2Frame]); }
        return builder.ToArray();
    }

    private static byte[] Av1Stream()
    {
        TransportStreamBuilder builder = new TransportStreamBuilder().Tables(0, (StreamType.PrivatePes, TransportStreamBuilder.VideoPid, [5, 4, .. "AV01"u8]), (StreamType.Ac3, TransportStreamBuilder.AudioPid, []));
        for (int i = 0; i < 12; i++)
        {
            byte[] unit = i % 6 == 0 ? [0, 0, 1, 0x12, 0, 0, 0, 1, .. Av1Header, 0, 0, 1, 0x32, 6, 0x10, 0, 0, 3, 0, 0xA1, 0xB2] : [0x12, 0, .. Av1Frame];
            builder.Pes(TransportStreamBuilder.VideoPid, 0xBD, i * 3_600, -1, unit, isBounded: true)
                .Pes(TransportStreamBuilder.AudioPid, 0xBD, i * 2_880, -1, i < 6 ? Ac3Frame : [.. Eac3Frame, .. Eac3Dependent], isBounded: true);
        }
        return builder.ToArray();
    }

    private static void ReadPackets(byte[] input)
    {
        var synchronizer = new PacketSynchronizer();
        long bytes = 0;
        foreach (byte[] piece in input.Chunk(1 + input.Length % 1_500))
        {
            ReadOnlySpan<byte> rest = piece;
            while (synchronizer.TryRead(ref rest, out ReadOnlySpan<byte> packet))
            {
                Check(packet.Length == TransportPacket.Size && packet[0] == TransportPacket.SyncByte, "not a packet");
                bytes += packet.Length;
            }
        }
        Check(bytes + synchronizer.SkippedBytes <= input.Length, "more bytes out than in");
    }

    /// <summary>With the length and the CRC as they came, and made right, so that what lies behind them is reached.</summary>
    /// <summary>What is read is what was written: a message that is taken gives the same bytes again.</summary>
    private static void ReadAnnouncements(byte[] input)
    {
        if (!AnnouncementCodec.TryRead(input, out string? streamId, out List<LogEntry> entries)) { return; }
        var output = new ArrayBufferWriter<byte>();
        AnnouncementCodec.WriteHeader(output, streamId);
        foreach (LogEntry entry in entries)
        {
            AnnouncementCodec.Write(output, entry, (entry.Announcement as PartReady)?.Bytes);
            AnnouncementCodec.Release(entry);
        }
        // A format is JSON, which may be written in more ways than one.
        Check(entries.Exists(entry => entry.Announcement is InitReady) || output.WrittenSpan.SequenceEqual(input), "another message than was read");
    }

    private static void ReadRepairedSection(byte[] input)
    {
        ReadSection(input);
        if (input.Length is < 12 or > SectionAssembler.LargestSection) { return; }
        byte[] repaired = [.. input];
        repaired[1] = (byte)(0xB0 | ((repaired.Length - 3) >> 8));
        repaired[2] = (byte)(repaired.Length - 3);
        BinaryPrimitives.WriteUInt32BigEndian(repaired.AsSpan(repaired.Length - 4), Crc32Mpeg2.Compute(repaired.AsSpan(0, repaired.Length - 4)));
        Check(PsiSection.TryParse(repaired, out _), "a sound section was refused");
        ReadSection(repaired);
    }

    private static void ReadSection(byte[] input)
    {
        if (!PsiSection.TryParse(input, out PsiSection section)) { return; }
        if (ProgramAssociation.TryParse(section, out ProgramAssociation association)) { _ = association.TryFind(1, out _) | association.TryFirst(out _, out _); }
        if (!ProgramMap.TryParse(section, out ProgramMap map)) { return; }
        ReadOnlySpan<byte> streams = map.Streams;
        while (ElementaryStreamInfo.TryRead(ref streams, out ElementaryStreamInfo stream)) { _ = StreamType.Describe(stream.StreamType, stream.FormatIdentifier) + stream.OpusChannelConfigCode; }
    }

    private static void ReadSections(byte[] input)
    {
        var assembler = new SectionAssembler();
        foreach (byte[] payload in input.Chunk(184))
        {
            assembler.Write(payload, unitStart: payload[0] % 3 == 0);
            while (assembler.TryRead(out ReadOnlySpan<byte> section)) { ReadSection(section.ToArray()); }
        }
    }

    private static void ReadPesHeader(byte[] input)
    {
        if (!PesHeader.TryParse(input, out PesHeader header)) { return; }
        Check(header.Length <= input.Length && header.Pts33 < TimestampUnwrapper.Period && header.Dts33 < TimestampUnwrapper.Period, "header out of range");
    }

    private static void ReadPesPackets(byte[] input)
    {
        using var assembler = new PesAssembler(4_096);
        foreach (byte[] bytes in input.Chunk(TransportPacket.Size))
        {
            if (!TransportPacket.TryParse(bytes, out TransportPacket packet)) { continue; }
            if (packet.Discontinuity) { _ = assembler.TryAbandon(out _); }
            if (packet.PayloadUnitStart && assembler.TryFinish(out PesPacket finished)) { Check(finished.Payload.Length <= 4_096, "too large"); }
            if (assembler.TryAppend(packet, out PesPacket completed)) { Check(completed.Payload.Length <= 4_096, "too large"); }
        }
    }

    private static void ReadH264Sps(byte[] input)
    {
        if (H264Sps.TryParse(input, out H264Sps? sps)) { _ = AvcDecoderConfiguration.Build(sps!, [input], []).Length + AvcDecoderConfiguration.CodecString(sps!).Length + sps!.ReorderDepth; }
    }

    private static void ReadH265Sps(byte[] input)
    {
        if (H265Sps.TryParse(input, out H265Sps? sps)) { _ = HevcDecoderConfiguration.Build(sps!, [], [input], []).Length + HevcDecoderConfiguration.CodecString(sps!).Length; }
    }

    private static void ReadH264Slice(byte[] input)
    {
        _ = H264Sps.TryParse(Hex(H264SpsHex), out H264Sps? sps);
        _ = H264Pps.TryParse(Hex(H264PpsHex), out H264Pps? pps);
        _ = H264SliceHeader.TryParse(input, sps!, pps!, out _);
    }

    private static void ReadH265Slice(byte[] input)
    {
        _ = H265Sps.TryParse(Hex(H265SpsHex), out H265Sps? sps);
        _ = H265Pps.TryParse(Hex(H265PpsHex), out H265Pps? pps);
        _ = H265SliceHeader.TryParse(input, sps!, pps!, out _) | H265SliceHeader.TryParsePpsId(input, out _);
    }

    private static void ReadAc3Header(byte[] input)
    {
        if (!Ac3Header.TryParse(input, out Ac3Header header)) { return; }
        Check(header.FrameLength is >= 8 and <= 4_096 && header.SampleCount is > 0 and <= 1_536 && header.Channels is > 0 and <= 6 && header.SampleRate > 0, "header out of range");
        _ = Ac3DecoderConfiguration.Build(header, 1, 64_000).Length + Ac3DecoderConfiguration.CodecString(header).Length;
    }

    private static void ReadMpeg2Sequence(byte[] input)
    {
        if (!Mpeg2Sequence.TryParse(input, out Mpeg2Sequence? sequence)) { return; }
        for (int start = StartCode.IndexOf(input); start >= 0;)
        {
            input = input[(start + StartCode.Length)..];
            sequence = sequence!.With(input);
            start = StartCode.IndexOf(input);
        }
        Check(sequence!.Width is > 0 and < 1 << 14 && sequence.Height is > 0 and < 1 << 14, "size out of range");
        _ = sequence.CodecString + sequence.SampleAspectRatio;
    }

    private static void ReadObus(byte[] input)
    {
        var syntax = new Av1Syntax(1);
        syntax.BeginUnit();
        ReadOnlySpan<byte> rest = input;
        while (Av1Obu.TryRead(ref rest, out Av1Obu obu))
        {
            syntax.Read(obu);
            var written = new byte[obu.WrittenLength];
            obu.WriteTo(written);
            ReadOnlySpan<byte> copy = written;
            Check(Av1Obu.TryRead(ref copy, out Av1Obu again) && copy.IsEmpty && again.Payload.SequenceEqual(obu.Payload), "written otherwise");
        }
    }

    private static void ReadAv1SequenceHeader(byte[] input)
    {
        if (!Av1SequenceHeader.TryParse(input, out Av1SequenceHeader? header)) { return; }
        Check(header!.Width is > 0 and <= 1 << 16 && header.Height is > 0 and <= 1 << 16, "size out of range");
        _ = Av1DecoderConfiguration.CodecString(header).Length;
    }

    private static void ReadNalUnits(VideoSyntax syntax, byte[] input)
    {
        ReadOnlySpan<byte> rest = input;
        for (int start = StartCode.IndexOf(rest); start >= 0;)
        {
            rest = rest[(start + StartCode.Length)..];
            start = StartCode.IndexOf(rest);
            ReadOnlySpan<byte> nalUnit = start < 0 ? rest : rest[..start];
            if (!nalUnit.IsEmpty && syntax.Read(nalUnit, out _) == NalUnitRole.StartsPicture) { syntax.BeginPicture(); }
        }
    }

    private static void ReadAudio(Func<IAudioFrameHandler, AudioAssembler> create, byte[] input)
    {
        using AudioAssembler assembler = create(new AudioFrames());
        var builder = new TransportStreamBuilder();
        foreach (byte[] piece in input.Chunk(1 + input.Length % 700)) { builder.AudioPes(90_000, piece); }
        using var pes = new PesAssembler(1 << 20);
        foreach (byte[] bytes in builder.ToArray().Chunk(TransportPacket.Size))
        {
            if (TransportPacket.TryParse(bytes, out TransportPacket packet) && pes.TryAppend(packet, out PesPacket completed)) { assembler.Write(completed, DateTime.UnixEpoch); }
        }
    }

    private static void ReadTransportStream(byte[] input)
    {
        var options = new TransportStreamDemuxerOptions { LargestUnit = 64 * 1024, RefreshPatience = TimeSpan.FromSeconds(0.2), VideoPatience = TimeSpan.FromSeconds(0.2) };
        var handler = new AccessUnits();
        using var demuxer = new TransportStreamDemuxer(handler, options, NullLogger.Instance);
        int number = 0;
        foreach (byte[] piece in input.Chunk(1 + input.Length % 1_400))
        {
            if (++number % 17 == 0) { demuxer.SignalLoss(); }
            if (number % 61 == 0) { demuxer.Restart(); }
            demuxer.Write(piece, number, DateTime.UnixEpoch.AddMilliseconds(number));
        }
        _ = demuxer.Stats.ToString();
        handler.CheckReleased();
    }

    private static void ReadRecordingIndex(byte[] input)
    {
        var index = new RecordingIndex();
        foreach (byte[] piece in input.Chunk(1 + input.Length % 211)) { index.Append(piece); }
        string read = RecordedIndexes.Describe(index);
        Check(read == RecordedIndexes.Describe(RecordedIndexes.Read(input)), "it reads otherwise in pieces");
        IReadOnlyList<RecordedSegment> timeline = RecordingTimeline.Of(index);
        Check(timeline.Zip(timeline.Skip(1), (a, b) => a.Msn < b.Msn).All(rises => rises), "numbers do not rise");
        foreach (RecordedRendition rendition in index.Renditions) { Check(RecordingTimeline.ListFor(timeline, rendition).Count() == timeline.Count, "a number is missing"); }
    }

    private static void ReadFeed(byte[] input)
    {
        var sink = new RecordingSink();
        var reader = new FeedReader(sink, TimeProvider.System);
        try { RecordedFeed.ReadInPieces(reader, input, 1 + input.Length % 97); }
        catch (InvalidDataException) { /* told, and the connection ends */ }
        sink.CheckReleased();
    }

    private static void Check(bool condition, string message)
    {
        if (!condition) { throw new InvalidOperationException(message); }
    }

    private sealed class AudioFrames : IAudioFrameHandler
    {
        public void OnAudioFrame(AudioTrack track, long pts33, MediaBuffer payload, int sampleCount, DateTime arrival)
        {
            Check(sampleCount > 0 && payload.Length > 0 && track.SampleRate > 0, "an empty frame");
            payload.Release();
        }
    }

    /// <summary>Checks what access units promise.</summary>
    private sealed class AccessUnits : IAccessUnitHandler
    {
        private readonly Dictionary<int, long> _lastDts = [];
        private readonly List<MediaBuffer> _payloads = [];

        public void OnLayout(FeedLayout layout)
        {
        }

        public void OnAccessUnit(AccessUnit unit)
        {
            Check(unit.Dts90k <= unit.Pts90k, "DTS behind PTS");
            Check(unit.StartsDiscontinuity || !_lastDts.TryGetValue(unit.Track.Id, out long last) || unit.Dts90k > last, "DTS does not rise");
            Check(unit.Payload.Length > 0, "empty unit");
            _lastDts[unit.Track.Id] = unit.Dts90k;
            _payloads.Add(unit.Payload);
        }

        public void CheckReleased() => Check(_payloads.TrueForAll(p => !p.TryRetain()), "a payload was not released");
    }
}
