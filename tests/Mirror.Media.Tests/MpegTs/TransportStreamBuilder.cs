using System.Buffers.Binary;
using Mirror.Media.MpegTs;

namespace Mirror.Media.Tests.MpegTs;

/// <summary>Writes transport streams for tests: sections, PES packets and their transport packets.</summary>
public sealed class TransportStreamBuilder
{
    public const int MapPid = 0x1000;
    public const int VideoPid = 0x100;
    public const int AudioPid = 0x101;
    private readonly List<byte> _bytes = [];
    private readonly Dictionary<int, int> _counters = [];

    public byte[] ToArray() => [.. _bytes];

    public int PacketCount => _bytes.Count / TransportPacket.Size;

    /// <summary>The packet at an index, to be damaged.</summary>
    public static Span<byte> Packet(byte[] stream, int index) => stream.AsSpan(index * TransportPacket.Size, TransportPacket.Size);

    public TransportStreamBuilder Tables(int version = 0, params (byte Type, int Pid, byte[] Descriptors)[] streams)
        => Section(0, ProgramAssociationSection(version, (1, MapPid))).Section(MapPid, ProgramMapSection(1, version, VideoPid, streams));

    public TransportStreamBuilder H264Tables(int version = 0) => Tables(version, (StreamType.H264, VideoPid, []));

    public TransportStreamBuilder H264AacTables(int version = 0) => Tables(version, (StreamType.H264, VideoPid, []), (StreamType.AacAdts, AudioPid, []));

    public TransportStreamBuilder Section(int pid, byte[] section) => Packets(pid, [0, .. section], sectionStuffing: true);

    public static byte[] ProgramAssociationSection(int version, params (int Program, int MapPid)[] programs)
    {
        List<byte> body = [];
        foreach ((int program, int mapPid) in programs) { body.AddRange([(byte)(program >> 8), (byte)program, (byte)(0xE0 | (mapPid >> 8)), (byte)mapPid]); }
        return LongSection(PsiSection.ProgramAssociationTableId, 1, version, [.. body]);
    }

    public static byte[] ProgramMapSection(int program, int version, int pcrPid, params (byte Type, int Pid, byte[] Descriptors)[] streams)
    {
        List<byte> body = [(byte)(0xE0 | (pcrPid >> 8)), (byte)pcrPid, 0xF0, 0];
        foreach ((byte type, int pid, byte[] descriptors) in streams)
        {
            body.AddRange([type, (byte)(0xE0 | (pid >> 8)), (byte)pid, (byte)(0xF0 | (descriptors.Length >> 8)), (byte)descriptors.Length, .. descriptors]);
        }
        return LongSection(PsiSection.ProgramMapTableId, program, version, [.. body]);
    }

    public static byte[] LongSection(byte tableId, int extension, int version, byte[] body, bool isCurrent = true, int number = 0, int last = 0)
    {
        int length = body.Length + 9;
        byte[] section = [tableId, (byte)(0xB0 | (length >> 8)), (byte)length, (byte)(extension >> 8), (byte)extension,
            (byte)(0xC0 | (version << 1) | (isCurrent ? 1 : 0)), (byte)number, (byte)last, .. body, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt32BigEndian(section.AsSpan(section.Length - 4), Crc32Mpeg2.Compute(section.AsSpan(0, section.Length - 4)));
        return section;
    }

    public static byte[] PesBytes(byte streamId, long pts, long dts, ReadOnlySpan<byte> payload, bool isBounded)
    {
        bool hasDts = dts >= 0 && dts != pts;
        List<byte> header = pts < 0 ? [] : hasDts ? [.. Timestamp(3, pts), .. Timestamp(1, dts)] : [.. Timestamp(2, pts)];
        int length = isBounded ? 3 + header.Count + payload.Length : 0;
        byte flags = pts < 0 ? (byte)0 : hasDts ? (byte)0xC0 : (byte)0x80;
        return [0, 0, 1, streamId, (byte)(length >> 8), (byte)length, 0x80, flags, (byte)header.Count, .. header, .. payload];
    }

    public TransportStreamBuilder Pes(int pid, byte streamId, long pts, long dts, ReadOnlySpan<byte> payload, bool isBounded = false, long pcr = -1, bool discontinuity = false)
        => Packets(pid, PesBytes(streamId, pts, dts, payload, isBounded), sectionStuffing: false, pcr, discontinuity);

    public TransportStreamBuilder VideoPes(long pts, long dts, ReadOnlySpan<byte> payload, bool isBounded = false, long pcr = -1, bool discontinuity = false)
        => Pes(VideoPid, 0xE0, pts, dts, payload, isBounded, pcr, discontinuity);

    public TransportStreamBuilder AudioPes(long pts, ReadOnlySpan<byte> payload) => Pes(AudioPid, 0xC0, pts, -1, payload, isBounded: true);

    public TransportStreamBuilder Null()
    {
        _bytes.AddRange([0x47, 0x1F, 0xFF, 0x10, .. Enumerable.Repeat((byte)0xFF, 184)]);
        return this;
    }

    public TransportStreamBuilder Raw(ReadOnlySpan<byte> bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    /// <summary>A unit in as many packets as it needs; the last is stuffed, by its adaptation field (PES) or behind the section.</summary>
    public TransportStreamBuilder Packets(int pid, ReadOnlySpan<byte> unit, bool sectionStuffing, long pcr = -1, bool discontinuity = false)
    {
        bool isFirst = true;
        while (!unit.IsEmpty || isFirst)
        {
            List<byte> adaptation = isFirst && (pcr >= 0 || discontinuity) ? [(byte)((discontinuity ? 0x80 : 0) | (pcr >= 0 ? 0x10 : 0)), .. pcr >= 0 ? Pcr(pcr) : []] : [];
            int room = 184 - (adaptation.Count > 0 ? adaptation.Count + 1 : 0);
            int taken = Math.Min(room, unit.Length);
            byte[] payload = unit[..taken].ToArray();
            unit = unit[taken..];
            int missing = room - taken;
            if (missing > 0 && sectionStuffing) { payload = [.. payload, .. Enumerable.Repeat((byte)0xFF, missing)]; }
            bool hasAdaptation = adaptation.Count > 0 || (missing > 0 && !sectionStuffing);
            int adaptationLength = 184 - payload.Length - 1;
            if (hasAdaptation && adaptation.Count == 0 && adaptationLength > 0) { adaptation.Add(0); }
            while (hasAdaptation && adaptation.Count < adaptationLength) { adaptation.Add(0xFF); }
            int counter = _counters.GetValueOrDefault(pid);
            _counters[pid] = (counter + 1) & 15;
            _bytes.AddRange([0x47, (byte)((isFirst ? 0x40 : 0) | (pid >> 8)), (byte)pid, (byte)((hasAdaptation ? 0x30 : 0x10) | counter)]);
            if (hasAdaptation) { _bytes.AddRange([(byte)adaptationLength, .. adaptation]); }
            _bytes.AddRange(payload);
            isFirst = false;
        }
        return this;
    }

    private static byte[] Pcr(long pcr27M)
    {
        long ticks = pcr27M / 300;
        int extension = (int)(pcr27M % 300);
        return [(byte)(ticks >> 25), (byte)(ticks >> 17), (byte)(ticks >> 9), (byte)(ticks >> 1), (byte)(((ticks & 1) << 7) | 0x7E | (long)(extension >> 8)), (byte)extension];
    }

    private static byte[] Timestamp(int prefix, long ticks)
        => [(byte)((prefix << 4) | (int)((ticks >> 29) & 0x0E) | 1), (byte)(ticks >> 22), (byte)((ticks >> 14) | 1), (byte)(ticks >> 7), (byte)((ticks << 1) | 1)];
}
