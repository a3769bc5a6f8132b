"""Given names that are common where mail is written: a reader knows them without having met the person."""

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

    Abdul Ahmed Aisha Akira Akiko Alberto Alejandro Aleksandr Alessandro Alessandra Alexei Alfonso Ali Alicia Alina Allison Alvaro Amelia
    Amir Amit Amos Ana Anders Andre Andrej Andres Angel Angelina Angelo Anil Anja Anke Annette Annika Antoine Antonia Antonio Anya April
    Ariel Arjun Armando Arturo Ashley Ashok Astrid Aubrey August Augusto Ava Bart Bastian Beatriz Bela Belinda Benedict Benoit Bernd
    Bernhard Bert Bertrand Beverly Bill Billy Birgit Bjorn Blake Bonnie Boris Brigitte Britta Bridget Bruno Camille Carla Carlo Carmen
    Carolyn Carsten Casey Cecil Cecilia Cedric Celia Cesar Chandra Charlene Chester Chiara Chloe Christa Christoph Christophe Claudia
    Claudio Clifford Clinton Colleen Connie Conrad Constance Cora Corey Cornelia Cristina Cyril Dale Damian Damien Dan Dana Danny Dario
    Darrell Darryl Deepak Delia Denise Desmond Detlef Diego Dirk Dmitri Dmitry Dolores Dora Dorothea Drew Dwight Eberhard Eddie Edmund
    Eduardo Egon Elias Elisa Elise Elisabeth Ella Elliot Elliott Elmar Elsa Emanuel Emil Emilio Emmanuel Enrico Enrique Erich Ernesto
    Ernst Erwin Esteban Estelle Etienne Eugenia Fabian Fabio Fatima Federico Felicia Ferdinand Fernando Filip Flora Florian Floyd
    Francesca Francesco Francisco Francine Franco Frankie Freddy Friedrich Fritz Gabriela Gabriele Gail Gaston Geraldine Gilles Gina Giorgio
    Giulia Giuseppe Gisela Glenda Gloria Goran Gregor Greta Guillaume Guillermo Gustav Gustavo Hal Hamid Hank Harriet Hassan Hector
    Hendrik Henri Henrietta Hermann Hilary Hilda Hiroshi Holger Holly Horst Hubert Humberto Ibrahim Igor Ilse Imran Ines Inga Ingo Irina Iris
    Irma Irving Isabella Ismail Ivana Ivo Jaime Jacqueline Jacques Jakob Jan Jarek Javier Jay Jeanette Jeanne Jeff Jens Jerzy
    Joanne Joaquin Jochen Joerg Jorg Josephine Jozef Juanita Judith Julien Juliet Jun Jutta Kai Kamal Kaori Karsten Kari Katarina Katharina
    Kathrin Katrin Kazuo Kelvin Kenji Kerry Kerstin Khalid Kirk Kirsten Knut Konrad Kristen Kristina Krzysztof Lance Leah Lena Leroy Lester
    Leticia Lidia Lila Lily Lionel Lois Lola Lorraine Lothar Louisa Luca Lucia Luciano Ludwig Luigi Lydia Mabel Madeleine Magnus Maja
    Manuela Marc Marcello Marek Margarita Marguerite Marian Mariana Marina Marlon Marta Martina Masako Massimo Mateo Mathilde Mathieu Maurizio
    Maxine Maya Mehmet Meredith Michal Mikael Mikhail Milan Mildred Mira Mohamed Mohammed Moritz Murray Mustafa Myra Nadia Nadine Natasha
    Nathaniel Ned Nelson Nestor Nicolai Nicolo Nikita Nikolai Nina Noah Noriko Octavio Olaf Oleg Olga Olivier Omar Orlando Osman Paolo
    Pascal Patrice Paulo Pavel Penelope Penny Per Percy Petra Pia Pietro Piotr Priya Quentin Rafael Raj Rajesh Ralf Ramesh Randy Raoul
    Raphael Raul Ravi Reginald Reiner Rene Rhonda Rita Roberta Rodrigo Rolf Romain Rosa Rosalind Ruben Rudi Rune Sabine Sabrina
    Said Salvatore Sanjay Santiago Sara Satoshi Saul Selma Serge Sergei Sergey Shawn Shelley Sherry Sidney Siegfried Sigrid Silke Silvio
    Simone Sonja Soren Stanislav Stella Sue Sunil Susanna Svetlana Sybil Takashi Takeshi Tamara Tara Tatiana Teddy Tessa Thelma Theo Therese
    Thierry Thorsten Tiffany Tilman Tobias Tomas Tomasz Tracey Travis Tristan Ulf Ulrike Umberto Urs Uwe Valentin Valentina Vasily
    Verena Vijay Viktor Vincenzo Vladimir Wade Wallace Wanda Warren Wesley Wilbur Wilfred Wilma Winston Wladimir Yan Yannick Yasmin Yoko Yuri
    Yusuf Yves Yvette Zoe
    """.split()
)
