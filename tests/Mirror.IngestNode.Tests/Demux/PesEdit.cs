using Mirror.Media.MpegTs;

namespace Mirror.IngestNode.Tests.Demux;

/// <summary>Changes the timestamps in the PES headers of a transport stream, as encoders with faults send them.</summary>
internal static class PesEdit
{
    /// <summary>A PES header's timestamps: their flags, and where they stand.</summary>
    public readonly ref struct Header(Span<byte> bytes)
    {
        private const int Flags = 7;
        private const int Pts = 9;
        private const int Dts = 14;
        private const int Length = 5;
        private readonly Span<byte> _bytes = bytes;

        public void DropAll()
        {
            DropDts();
            if ((_bytes[Flags] & 0x80) != 0) { _bytes.Slice(Pts, Length).Fill(0xFF); }
            _bytes[Flags] &= 0x3F;
        }

        public void DropDts()
        {
            if ((_bytes[Flags] & 0x40) != 0) { _bytes.Slice(Dts, Length).Fill(0xFF); }
            _bytes[Flags] &= 0xBF;
        }

        public void ClearMarkers()
        {
            foreach (int at in (_bytes[Flags] & 0xC0) switch { 0x80 => [Pts], 0xC0 => [Pts, Dts], _ => (int[])[] })
            {
                foreach (int offset in new[] { 0, 2, 4 }) { _bytes[at + offset] &= 0xFE; }
            }
        }

        public void Shift(long ticks)
        {
            if ((_bytes[Flags] & 0x80) != 0) { ShiftField(_bytes.Slice(Pts, Length), ticks); }
            if ((_bytes[Flags] & 0x40) != 0) { ShiftField(_bytes.Slice(Dts, Length), ticks); }
        }

        private static void ShiftField(Span<byte> field, long ticks)
        {
            long value = ((long)(field[0] & 0x0E) << 29) | ((long)field[1] << 22) | ((long)(field[2] & 0xFE) << 14) | ((long)field[3] << 7) | (long)(field[4] >> 1);
            value = (value + ticks) & (TimestampUnwrapper.Period - 1);
            field[0] = (byte)((field[0] & 0xF0) | (int)((value >> 29) & 0x0E) | 1);
            field[1] = (byte)(value >> 22);
            field[2] = (byte)((value >> 14) | 1);
            field[3] = (byte)(value >> 7);
            field[4] = (byte)((value << 1) | 1);
        }
    }

    public delegate void Change(Header header, int index, bool isRandomAccess);

    /// <summary>A copy with <paramref name="change"/> applied to each PES header of a PID; index counts them, isRandomAccess is random_access_indicator.</summary>
    public static byte[] Apply(byte[] stream, int pid, Change change)
    {
        byte[] copy = [.. stream];
        int index = 0;
        for (int at = 0; at + TransportPacket.Size <= copy.Length; at += TransportPacket.Size)
        {
            Span<byte> packet = copy.AsSpan(at, TransportPacket.Size);
            bool isStart = (packet[1] & 0x40) != 0 && (((packet[1] & 0x1F) << 8) | packet[2]) == pid;
            if (!isStart) { continue; }
            bool hasAdaptation = (packet[3] & 0x20) != 0;
            bool isRandomAccess = hasAdaptation && packet[4] > 0 && (packet[5] & 0x40) != 0;
            change(new Header(packet[(4 + (hasAdaptation ? 1 + packet[4] : 0))..]), index++, isRandomAccess);
        }
        return copy;
    }
}
