namespace Mirror.Fuzz;

/// <summary>Makes new inputs from sound ones: flipped bits, interesting values, cut, repeated, inserted and spliced parts.</summary>
internal static class Mutation
{
    private const int MostSteps = 12;
    private static readonly byte[] Interesting = [0x00, 0x01, 0x03, 0x40, 0x47, 0x7F, 0x80, 0xFE, 0xFF];

    public static byte[] Apply(IReadOnlyList<byte[]> corpus, Random random)
    {
        List<byte> bytes = [.. corpus[random.Next(corpus.Count)]];
        for (int steps = 1 + random.Next(MostSteps); steps > 0; steps--) { Step(bytes, corpus, random); }
        return [.. bytes];
    }

    private static void Step(List<byte> bytes, IReadOnlyList<byte[]> corpus, Random random)
    {
        int position = random.Next(bytes.Count + 1);
        int length = Math.Min(bytes.Count - position, random.Next(1, 200));
        switch (random.Next(9))
        {
            case 0 or 1 or 2 when position < bytes.Count:
                bytes[position] ^= (byte)(1 << random.Next(8));
                break;
            case 3 when position < bytes.Count:
                bytes[position] = Interesting[random.Next(Interesting.Length)];
                break;
            case 4:
                bytes.RemoveRange(position, length);
                break;
            case 5:
                bytes.InsertRange(position, bytes.GetRange(position, length));
                break;
            case 6:
                bytes.InsertRange(position, Enumerable.Range(0, random.Next(1, 20)).Select(_ => (byte)random.Next(256)).ToArray());
                break;
            case 7:
                byte[] other = corpus[random.Next(corpus.Count)];
                int from = random.Next(other.Length + 1);
                bytes.InsertRange(position, other.AsSpan(from, Math.Min(other.Length - from, random.Next(1, 400))));
                break;
            case 8:
                bytes.RemoveRange(position, bytes.Count - position);
                break;
        }
    }
}
