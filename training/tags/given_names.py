"""Given names that are common where English mail is written: a reader knows them without having met the person."""

GIVEN_NAMES = set(
    """
    Aaron Abigail Adam Adrian Agnes Aidan Alan Albert Alex Alexander Alexandra Alfred Alice Alison Allan Allen Amanda Amy Andrea
    Andreas Andrew Andy Angela Angus Anita Ann Anna Anne Annie Anthony Anton Arne Arnold Arthur Axel Barbara Barney Barry Beatrice
    Becky Ben Benjamin Bernard Beth Betty Bob Brad Brandon Brenda Brendan Brent Brett Brian Bruce Bryan Calvin Cameron Carl Carla
    Carlos Carol Caroline Catherine Cathy Charles Charlie Charlotte Cheryl Chris Christian Christina Christine Christopher Cindy
    Claire Clara Claude Clive Colin Connor Craig Curtis Cynthia Daniel Daniela Darren Dave David Dawn Dean Deborah Debbie Declan
    Denis Dennis Derek Diana Diane Dieter Dominic Don Donald Donna Doris Dorothy Doug Douglas Duncan Dylan Edgar Edith Edward Edwin
    Eileen Elaine Eleanor Elena Elizabeth Ellen Emily Emma Eric Erica Erik Ernest Esther Ethan Eugene Eva Evan Evelyn Felix Fiona
    Florence Frances Francis Francois Frank Franz Fred Frederick Gabriel Gary Gavin Geoff Geoffrey George Gerald Gerard Gerhard
    Gilbert Giovanni Glen Glenn Gordon Graham Greg Gregory Guido Gunther Guy Hannah Hans Harald Harold Harry Harvey Heather Heidi
    Heinz Helen Helmut Henrik Henry Herbert Herman Howard Hugh Hugo Ian Ingrid Irene Isaac Isabel Ivan Jack Jackie Jacob Jake James
    Jamie Jan Jane Janet Janice Jason Jean Jeff Jeffrey Jennifer Jenny Jeremy Jerome Jerry Jesse Jessica Jill Jim Jimmy Joachim Joan
    Joanna Joanne Joe Joel Johan Johannes John Johnny Jon Jonas Jonathan Jordan Jorge Jose Josef Joseph Josh Joshua Joyce Juan Judith
    Judy Julia Julian Julie Julius Jurgen Justin Karen Karin Karl Karla Kate Katherine Kathleen Kathy Katie Keith Kelly Ken Kenneth
    Kevin Kim Klaus Kristin Kurt Kyle Larry Lars Laura Lauren Laurence Lawrence Leo Leon Leonard Leslie Lewis Liam Lillian Linda Lisa
    Lloyd Lorenzo Louis Louise Lucas Lucy Luis Luke Lynn Malcolm Manfred Manuel Marcel Marcia Marco Marcus Margaret Maria Marie Marilyn
    Mario Marion Marjorie Mark Markus Marlene Martha Martin Marvin Mary Mathias Matt Matthew Matthias Maureen Maurice Max Megan Melanie
    Melissa Mercedes Michael Michel Michele Michelle Miguel Mike Milton Miriam Mitchell Monica Morris Nancy Naomi Natalie Nathan Neil
    Nicholas Nick Nicola Nicolas Nicole Niels Nigel Nils Noel Nora Norbert Norman Oliver Olivia Oscar Oskar Otto Owen Pablo Pamela
    Patricia Patrick Paul Paula Pauline Pedro Peggy Peter Phil Philip Philipp Phillip Phyllis Pierre Rachel Ralf Ralph Ramon Raymond
    Rebecca Regina Reinhard Renate Ricardo Richard Rick Rob Robert Roberto Robin Rodney Roger Roland Roman Ron Ronald Rosemary Rosie
    Ross Roy Rudolf Rupert Russell Ruth Ryan Sally Sam Samantha Samuel Sandra Sandy Sarah Scott Sean Sebastian Sergio Seth Shane Shannon
    Sharon Shaun Sheila Shirley Silvia Simon Sofia Sonia Sophie Stacy Stan Stanley Stefan Stephan Stephanie Stephen Steve Steven Stewart
    Stuart Susan Susanne Suzanne Sven Sylvia Tanya Ted Teresa Terry Theodore Theresa Thomas Tim Timothy Tina Toby Todd Tom Tommy Tony
    Torsten Tracy Trevor Ulrich Ursula Valerie Vanessa Vera Vernon Veronica Victor Victoria Vincent Virginia Vivian Walter Wayne Wendy
    Werner Wilhelm Will William Willy Wolfgang Xavier Yvonne Zachary
    """.split()
)
