using Mirror.Media.Bits;

namespace Mirror.Media.Codecs.Aac;

/// <summary>program_config_element: a channel layout that no channelConfiguration stands for, or that an encoder spells out (ISO/IEC 14496-3 Table 4.2).</summary>
/// <param name="Channels">Channels of all elements; above 0.</param>
/// <param name="ChannelConfiguration">The value whose elements follow one another in the same order, such as 6 for 5.1 with side speakers; 0 where there is none.</param>
/// <param name="Syntax">Bits up to the alignment before the comment.</param>
public readonly record struct ProgramConfigElement(int Channels, int ChannelConfiguration, int Syntax)
{
    /// <summary>id_syn_ele of it in a raw data block.</summary>
    public const int ElementId = 5;

    private const int MostElements = 48;                   // 15 each of front, side and back, and 3 for low frequencies

    /// <summary>Reads it where <paramref name="reader"/> stands, and moves past its comment.</summary>
    /// <param name="reader">Stands behind id_syn_ele.</param>
    /// <param name="alignment">Bit from which bytes are counted: the start of the raw data block or AudioSpecificConfig.</param>
    /// <param name="element">What it says.</param>
    internal static bool TryRead(ref BitReader reader, long alignment, out ProgramConfigElement element)
    {   //  tag(4) object_type(2) rate(4) front(4) side(4) back(4) lfe(2) data(3) coupling(4) mono(1)[4] stereo(1)[4] matrix(1)[3]
        //  | { is_cpe(1) tag(4) } × front, side, back | tag(4) × lfe, data | { independent(1) tag(4) } × coupling | align | comment(8 × (8))
        element = default;
        long start = reader.Position;
        reader.Skip(10);
        int front = (int)reader.ReadBits(4);
        int side = (int)reader.ReadBits(4);
        int back = (int)reader.ReadBits(4);
        int low = (int)reader.ReadBits(2);
        int data = (int)reader.ReadBits(3);
        int coupling = (int)reader.ReadBits(4);
        if (reader.ReadFlag()) { reader.Skip(4); }
        if (reader.ReadFlag()) { reader.Skip(4); }
        if (reader.ReadFlag()) { reader.Skip(3); }
        Span<char> layout = stackalloc char[MostElements];
        int channels = 0;
        int count = 0;
        for (int i = 0; i < front + side + back; i++)
        {
            bool isPair = reader.ReadFlag();
            reader.Skip(4);
            layout[count++] = isPair ? '2' : '1';
            channels += isPair ? 2 : 1;
        }
        for (int i = 0; i < low; i++) { layout[count++] = 'L'; }
        channels += low;
        reader.Skip(4 * (low + data) + 5 * coupling);
        int syntax = (int)(reader.Position - start);
        reader.Skip((8 - (reader.Position - alignment) % 8) % 8);
        reader.Skip(8 * (long)reader.ReadBits(8));
        if (reader.Overrun || channels == 0) { return false; }
        element = new ProgramConfigElement(channels, ConfigurationOf(layout[..count], front), syntax);
        return true;
    }

    /// <summary>The channelConfiguration with the same elements in the same order (Table 1.19): 1 is a single channel, 2 a pair, L for low frequencies.</summary>
    private static int ConfigurationOf(ReadOnlySpan<char> layout, int front) => layout switch
    {
        "1" => 1,
        "2" => 2,
        "12" => 3,
        "121" when front == 2 => 4,
        "122" => 5,
        "122L" => 6,
        "1222L" => 7,
        _ => 0,
    };
}
