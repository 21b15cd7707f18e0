using System.Buffers.Binary;

namespace Mirror.Media.MpegTs;

/// <summary>A view over one section of program specific information in long form, its CRC verified (ITU-T H.222.0 §2.4.4).</summary>
public readonly ref struct PsiSection
{   //  table_id(8) 1 0 res(2) section_length(12) | table_id_extension(16) res(2) version(5) current_next(1) number(8) last(8) | body | CRC_32

    /// <summary>table_id of a program association section.</summary>
    public const byte ProgramAssociationTableId = 0;

    /// <summary>table_id of a program map section.</summary>
    public const byte ProgramMapTableId = 2;

    private const int HeaderLength = 8;
    private const int CrcLength = 4;

    /// <summary>Which table the section belongs to.</summary>
    public byte TableId { get; private init; }

    /// <summary>transport_stream_id of a PAT, program_number of a PMT.</summary>
    public ushort TableIdExtension { get; private init; }

    /// <summary>version_number, in [0, 31].</summary>
    public byte Version { get; private init; }

    /// <summary>current_next_indicator: the table is in force, not one to come.</summary>
    public bool IsCurrent { get; private init; }

    /// <summary>section_number, from 0.</summary>
    public byte SectionNumber { get; private init; }

    /// <summary>CRC_32: with <see cref="Version"/> it tells whether the table changed.</summary>
    public uint Crc { get; private init; }

    /// <summary>The bytes between the header and the CRC.</summary>
    public ReadOnlySpan<byte> Body { get; private init; }

    /// <summary>Reads the section that fills <paramref name="bytes"/>.</summary>
    /// <returns><see langword="false"/> when it is in short form, its lengths disagree, or its CRC is wrong.</returns>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out PsiSection section)
    {
        section = default;
        if (bytes.Length < HeaderLength + CrcLength || (bytes[1] & 0x80) == 0) { return false; }
        int length = 3 + (((bytes[1] & 0x0F) << 8) | bytes[2]);
        if (length != bytes.Length || Crc32Mpeg2.Compute(bytes) != 0) { return false; }
        section = new PsiSection
        {
            TableId = bytes[0],
            TableIdExtension = BinaryPrimitives.ReadUInt16BigEndian(bytes[3..]),
            Version = (byte)((bytes[5] >> 1) & 0x1F),
            IsCurrent = (bytes[5] & 1) != 0,
            SectionNumber = bytes[6],
            Crc = BinaryPrimitives.ReadUInt32BigEndian(bytes[^CrcLength..]),
            Body = bytes[HeaderLength..^CrcLength],
        };
        return true;
    }
}
