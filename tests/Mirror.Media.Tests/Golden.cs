using System.Runtime.CompilerServices;
using System.Text;

namespace Mirror.Media.Tests;

/// <summary>
/// Compares a text with its file in the folder testdata beside the test. Set MIRROR_REWRITE_GOLDEN=1 to write the files again, then read the
/// difference before you commit it.
/// </summary>
internal static class Golden
{
    public static void Matches(string name, ReadOnlySpan<byte> actual, [CallerFilePath] string source = "")
    {
        string path = Path.Combine(Path.GetDirectoryName(source)!, "testdata", name);
        if (Environment.GetEnvironmentVariable("MIRROR_REWRITE_GOLDEN") == "1") { File.WriteAllBytes(path, actual.ToArray()); }
        Assert.Equal(File.ReadAllText(path), Encoding.UTF8.GetString(actual));
    }
}
