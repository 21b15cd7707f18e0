using System.Buffers.Binary;

namespace Mirror.Media.MpegTs;

/// <summary>A view over one transport stream packet (ITU-T H.222.0 §2.4.3.2). Borrows the bytes; copies nothing.</summary>
public readonly ref struct TransportPacket
{   //  0x47 | TEI PUSI priority PID(13) | scrambling(2) adaptation_field_control(2) continuity_counter(4) | adaptation field? | payload?

    /// <summary>Bytes of a packet.</summary>
    public const int Size = 188;

    /// <summary>The first byte of every packet.</summary>
    public const byte SyncByte = 0x47;

    /// <summary>The PID of null packets.</summary>
    public const int NullPid = 0x1FFF;

    /// <summary>One more than the largest PID.</summary>
    public const int PidCount = 0x2000;

    private const int HeaderLength = 4;

    /// <summary>Packet identifier, in [0, 0x1FFF].</summary>
    public ushort Pid { get; private init; }

    /// <summary>Modulo-16 counter of the PID's packets that carry payload.</summary>
    public byte ContinuityCounter { get; private init; }

    /// <summary>payload_unit_start_indicator: a PES packet or a section starts in the payload.</summary>
    public bool PayloadUnitStart { get; private init; }

    /// <summary>transport_error_indicator: at least one bit is wrong.</summary>
    public bool TransportError { get; private init; }

    /// <summary>transport_scrambling_control is not zero.</summary>
    public bool IsScrambled { get; private init; }

    /// <summary>discontinuity_indicator: the continuity counter, or on the PCR PID the time base, starts anew.</summary>
    public bool Discontinuity { get; private init; }

    /// <summary>The adaptation field is longer than its fields need: what multiplexers do to the last packet of a PES packet.</summary>
    public bool IsStuffed { get; private init; }

    /// <summary>Program clock reference in 27 MHz ticks, in [0, 2^33 × 300); -1 when absent.</summary>
    public long Pcr27M { get; private init; }

    /// <summary>Bytes behind the header and the adaptation field; empty when there are none.</summary>
    public ReadOnlySpan<byte> Payload { get; private init; }

    /// <summary>Reads the packet that fills <paramref name="bytes"/>.</summary>
    /// <returns><see langword="false"/> when it is not <see cref="Size"/> bytes, lacks the sync byte, or its adaptation field overflows it.</returns>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out TransportPacket packet)
    {
        packet = default;
        if (bytes.Length != Size) { return false; }
        uint header = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        int control = (int)(header >> 4) & 3;
        if (header >> 24 != SyncByte || control == 0) { return false; }         // adaptation_field_control 0 is reserved

        var adaptation = new AdaptationField { Pcr27M = -1 };
        int start = HeaderLength;
        if ((control & 2) != 0)
        {
            int length = bytes[HeaderLength];
            start += 1 + length;
            if (start > Size) { return false; }
            adaptation = AdaptationField.Parse(bytes.Slice(HeaderLength + 1, length));
        }
        packet = new TransportPacket
        {
            Pid = (ushort)((header >> 8) & 0x1FFF),
            ContinuityCounter = (byte)(header & 0x0F),
            PayloadUnitStart = (header & 0x0040_0000) != 0,
            TransportError = (header & 0x0080_0000) != 0,
            IsScrambled = (header & 0xC0) != 0,
            Discontinuity = adaptation.Discontinuity,
            IsStuffed = adaptation.IsStuffed,
            Pcr27M = adaptation.Pcr27M,
            Payload = (control & 1) != 0 ? bytes[start..] : default,
        };
        return true;
    }

    private readonly ref struct AdaptationField
    {   //  discontinuity random_access priority PCR OPCR splicing private extension | PCR(48)? OPCR(48)? splice(8)? private(8+n)? extension(8+n)?

        public bool Discontinuity { get; private init; }

        public bool IsStuffed { get; private init; }

        public long Pcr27M { get; init; }

        public static AdaptationField Parse(ReadOnlySpan<byte> field)
        {
            if (field.IsEmpty) { return new AdaptationField { Pcr27M = -1, IsStuffed = true }; }     // a lone length byte is stuffing
            byte flags = field[0];
            int needed = 1;
            long pcr = -1;
            if ((flags & 0x10) != 0)
            {
                if (field.Length >= needed + 6) { pcr = ReadPcr(field[needed..]); }
                needed += 6;
            }
            if ((flags & 0x08) != 0) { needed += 6; }
            if ((flags & 0x04) != 0) { needed += 1; }
            if ((flags & 0x02) != 0) { needed += 1 + (needed < field.Length ? field[needed] : 0); }
            if ((flags & 0x01) != 0) { needed += 1 + (needed < field.Length ? field[needed] : 0); }
            return new AdaptationField
            {
                Discontinuity = (flags & 0x80) != 0,
                IsStuffed = field.Length > needed || flags == 0,
                Pcr27M = pcr,
            };
        }

        private static long ReadPcr(ReadOnlySpan<byte> field)
        {   //  base(33) reserved(6) extension(9)
            long baseTicks = ((long)BinaryPrimitives.ReadUInt32BigEndian(field) << 1) | (long)(field[4] >> 7);
            int extension = ((field[4] & 1) << 8) | field[5];
            return baseTicks * 300 + Math.Min(extension, 299);
        }
    }
}
