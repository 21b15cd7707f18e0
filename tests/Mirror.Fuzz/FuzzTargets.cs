using System.Buffers.Binary;
using Microsoft.Extensions.Logging.Abstractions;
using Mirror.IngestNode.Demux;
using Mirror.Media.Bits;
using Mirror.Media.Codecs;
using Mirror.Media.Codecs.Aac;
using Mirror.Media.Codecs.H264;
using Mirror.Media.Codecs.H265;
using Mirror.Media.Codecs.Opus;
using Mirror.Media.Frames;
using Mirror.Media.MpegTs;
using Mirror.Media.Tests.MpegTs;
using Mirror.Streams.Feed;

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

    /// <summary>All targets by name.</summary>
    public static IReadOnlyDictionary<string, FuzzTarget> All { get; } = Create().ToDictionary(t => t.Name);

    private static IEnumerable<FuzzTarget> Create()
    {
        byte[] h264 = H264Stream();
        byte[] h265 = H265Stream();
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
        yield return new("h264-stream", [AnnexB(Hex(H264SpsHex), Hex(H264PpsHex), H264Slice, H264Slice)], input => ReadNalUnits(new H264Syntax(1), input));
        yield return new("h265-stream", [AnnexB(Hex(H265VpsHex), Hex(H265SpsHex), Hex(H265PpsHex), H265Slice, H265Trail)], input => ReadNalUnits(new H265Syntax(1), input));
        yield return new("adts", [[.. AdtsFrame, .. AdtsFrame]], static input => ReadAudio(h => new AdtsAssembler(2, h), input));
        yield return new("latm", [[.. LoasFrame, .. LoasFrame]], static input => ReadAudio(h => new LatmAssembler(2, h), input));
        yield return new("opus", [[.. OpusUnit, .. OpusUnit]], static input => ReadAudio(h => new OpusAssembler(2, OpusBody(), h), input));
        yield return new("audio-specific-config", [Hex("1190"), Hex("2B118800"), Hex("17805DC010")], static input => _ = AudioSpecificConfig.TryParse(input, out _));
        yield return new("transport-stream", [h264, h265, [.. h264, .. h265]], ReadTransportStream);
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
