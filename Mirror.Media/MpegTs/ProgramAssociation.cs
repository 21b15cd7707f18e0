using System.Buffers.Binary;

namespace Mirror.Media.MpegTs;

/// <summary>A view over the programmes of a program association section (ITU-T H.222.0 §2.4.4.3).</summary>
public readonly ref struct ProgramAssociation
{   //  { program_number(16) reserved(3) PID(13) } × n; number 0 gives the network PID

    private const int EntryLength = 4;
    private readonly ReadOnlySpan<byte> _entries;

    private ProgramAssociation(ReadOnlySpan<byte> entries) => _entries = entries;

    /// <summary>Entries, the network PID included; at most 253.</summary>
    public int Count => _entries.Length / EntryLength;

    /// <summary>The programme at <paramref name="index"/>, in [0, <see cref="Count"/>), and the PID of its map.</summary>
    public (ushort ProgramNumber, ushort MapPid) this[int index]
    {
        get
        {
            ReadOnlySpan<byte> entry = _entries.Slice(index * EntryLength, EntryLength);
            return (BinaryPrimitives.ReadUInt16BigEndian(entry), (ushort)(BinaryPrimitives.ReadUInt16BigEndian(entry[2..]) & 0x1FFF));
        }
    }

    /// <summary>Reads a section that is in force.</summary>
    public static bool TryParse(in PsiSection section, out ProgramAssociation association)
    {
        association = default;
        if (section.TableId != PsiSection.ProgramAssociationTableId || !section.IsCurrent) { return false; }
        association = new ProgramAssociation(section.Body);
        return true;
    }

    /// <summary>The PID of a programme's map, if it is listed.</summary>
    public bool TryFind(ushort programNumber, out ushort mapPid)
    {
        for (int i = 0; i < Count; i++)
        {
            (ushort number, mapPid) = this[i];
            if (number == programNumber) { return true; }
        }
        mapPid = 0;
        return false;
    }

    /// <summary>The first programme that is not the network PID.</summary>
    public bool TryFirst(out ushort programNumber, out ushort mapPid)
    {
        for (int i = 0; i < Count; i++)
        {
            (programNumber, mapPid) = this[i];
            if (programNumber != 0) { return true; }
        }
        (programNumber, mapPid) = (0, 0);
        return false;
    }
}
