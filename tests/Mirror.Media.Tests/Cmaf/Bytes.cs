namespace Mirror.Media.Tests.Cmaf;

/// <summary>Expected bytes as a test writes them: hexadecimal digits with spaces between, and ASCII in single quotes.</summary>
internal static class Bytes
{
    /// <summary>Reads a description such as <c>0000000C 'url ' 00 000001</c>; what follows <c>//</c> on a line is for the reader.</summary>
    public static byte[] Of(string description)
    {
        var bytes = new List<byte>();
        foreach (string line in description.Split('\n'))
        {
            string[] parts = line.Split("//")[0].Split('\'');
            for (int i = 0; i < parts.Length; i++)
            {
                bool isText = i % 2 == 1;
                bytes.AddRange(isText ? System.Text.Encoding.ASCII.GetBytes(parts[i]) : Convert.FromHexString(string.Concat(parts[i].Where(char.IsAsciiHexDigit))));
            }
        }
        return [.. bytes];
    }

    /// <summary>Compares as text, so that a difference shows where it is.</summary>
    public static void Equal(string expected, ReadOnlySpan<byte> actual) => Assert.Equal(Convert.ToHexString(Of(expected)), Convert.ToHexString(actual));
}
